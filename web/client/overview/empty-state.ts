import type { DoorsAnswer } from "../../../schema/api.ts";
import { element } from "../shell/element.ts";

interface Recipe {
  readonly title: string;
  readonly command: string;
}

const device = "demo-1";

/** The lines a newcomer can copy; each of them makes a first device appear, or lets it in before. What is to be filled in is in capitals. */
export function recipes(doors: DoorsAnswer): readonly Recipe[] {
  const publish = { title: "Publish over MQTT", command: publishing(doors) };
  const post = { title: "Post over HTTP", command: posting(doors) };
  // A fleet of strangers is let in by nobody.
  if (!doors.needsCredentials)
    return [publish, post, { title: "Or let a simulated fleet do it", command: "npm start -- --simulate" }];
  return [{ title: "Let a device in: the answer has its password", command: provisioning() }, publish, post];
}

function provisioning(): string {
  const headers = "-H 'authorization: Bearer TOKEN' -H 'content-type: application/json'";
  return `curl -X POST ${location.origin}/api/v1/devices ${headers} -d '{"id":"${device}"}'`;
}

function publishing({ mqttHost, mqttPort, needsCredentials }: DoorsAnswer): string {
  const metrics = `{"temperature":21.4,"humidity":48}`;
  const login = needsCredentials ? ` -i ${device} -u ${device} -P PASSWORD` : "";
  return `mosquitto_pub -h ${mqttHost} -p ${mqttPort}${login} -q 1 -t devices/${device}/telemetry -m '${metrics}'`;
}

function posting({ httpUrl, needsKey }: DoorsAnswer): string {
  const body = `{"device_id":"${device}","metrics":[{"type":"temperature","value":21.4}]}`;
  const key = needsKey ? " -H 'x-api-key: KEY'" : "";
  const url = `${httpUrl.replace(/\/+$/, "")}/data`;
  return `curl -X POST ${url}${key} -H 'content-type: application/json' -d '${body}'`;
}

/** What the board shows while no device is active. */
export function renderEmptyState(doors: DoorsAnswer, inactive: number): HTMLElement {
  const silent =
    inactive === 1 ? "One device is known but silent." : `${inactive} devices are known but silent.`;
  const first = doors.needsCredentials
    ? "Nothing has been heard yet. A device that has been let in appears here with its first reading."
    : "Nothing has been heard yet. The first reading makes its device appear here by itself; there is nothing to register.";
  const text = inactive > 0 ? `${silent} As soon as one of them speaks, it appears here.` : first;
  return element("section", { class: "empty", "data-empty": "", "aria-labelledby": "empty-title" }, [
    element("div", { class: "empty-water", "aria-hidden": "true" }),
    element("h2", { id: "empty-title" }, [inactive > 0 ? "All is quiet" : "Still water"]),
    element("p", { class: "empty-text" }, [text]),
    element("ol", { class: "recipes" }, recipes(doors).map(renderRecipe)),
  ]);
}

function renderRecipe({ title, command }: Recipe): HTMLElement {
  const code = element("code", {}, [command]);
  const button = element(
    "button",
    { type: "button", class: "plain-button copy", "aria-label": `Copy: ${title}` },
    ["Copy"],
  );
  button.addEventListener("click", () => {
    void copy(command, code).then((said) => {
      button.textContent = said;
      setTimeout(() => {
        button.textContent = "Copy";
      }, 2000);
    });
  });
  return element("li", {}, [
    element("h3", {}, [title]),
    element("div", { class: "recipe" }, [
      element("pre", { tabindex: "0", "aria-label": title }, [code]),
      button,
    ]),
  ]);
}

/** What the button then says. The clipboard API is absent on plain HTTP other than localhost. */
async function copy(text: string, shown: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    const selection = getSelection();
    selection?.selectAllChildren(shown);
    return document.execCommand("copy") ? "Copied" : "Selected";
  }
}
