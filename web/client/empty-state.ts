import type { DoorsAnswer } from "../../schema/api.ts";
import { element } from "./element.ts";

interface Recipe {
  readonly title: string;
  readonly command: string;
}

/** The lines a newcomer can copy; each of them makes a first device appear. */
export function recipes({ mqttHost, mqttPort, httpUrl }: DoorsAnswer): readonly Recipe[] {
  const metrics = `{"temperature":21.4,"humidity":48}`;
  const body = `{"device_id":"demo-1","metrics":[{"type":"temperature","value":21.4}]}`;
  const dataUrl = `${httpUrl.replace(/\/+$/, "")}/data`;
  return [
    {
      title: "Publish over MQTT",
      command: `mosquitto_pub -h ${mqttHost} -p ${mqttPort} -q 1 -t devices/demo-1/telemetry -m '${metrics}'`,
    },
    {
      title: "Post over HTTP",
      command: `curl -X POST ${dataUrl} -H 'content-type: application/json' -d '${body}'`,
    },
    { title: "Or let a simulated fleet do it", command: "npm start -- --simulate" },
  ];
}

/** What the board shows while no device is active. */
export function renderEmptyState(doors: DoorsAnswer, inactive: number): HTMLElement {
  const silent =
    inactive === 1 ? "One device is known but silent." : `${inactive} devices are known but silent.`;
  const text =
    inactive > 0
      ? `${silent} As soon as one of them speaks, it appears here.`
      : "Nothing has been heard yet. The first reading makes its device appear here by itself; there is nothing to register.";
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
