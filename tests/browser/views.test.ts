import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { measuredOn } from "../harness/twin.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

/** How many pixels of the first chart have the colour of what is usual; a few edges of the line happen to have it. */
const shadedPixels = `(() => {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = "var(--usual)";
  const [red, green, blue, share] = getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
  probe.remove();
  const canvas = document.querySelector(".trace canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const isNear = (at, colour, by) => Math.abs(data[at] - colour) <= by;
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (isNear(at, red, 8) && isNear(at + 1, green, 8) && isNear(at + 2, blue, 8) && isNear(at + 3, share * 255, 2)) count += 1;
  }
  return count;
})()`;

describe("the views of the console", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("views");
    for (const device of ["kiln-1", "kiln-2", "press-1"]) {
      for (const temperature of [21, 22, 21.5]) await publish(device, { temperature });
    }
    await publish("press-1", { vibration: 2 });
    await publish("kiln-1", { temperature: 150 });
  });

  beforeEach(async () => {
    page = await stage.newPage();
  });

  afterEach(async () => {
    await page.close();
    expect(stage.complaints).toEqual([]);
  });

  afterAll(() => stage?.close());

  async function publish(deviceId: string, values: Readonly<Record<string, number>>): Promise<void> {
    await stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, JSON.stringify(values), { qos: 1 });
  }

  async function open(path: string): Promise<void> {
    await page.goto(stage.consoleUrl + path);
    await page.locator('[data-connection="live"]').waitFor();
  }

  const row = (device: string) => page.locator(`.rows [data-device="${device}"]`);
  const trace = (sensor: string) => page.locator(`.trace[data-sensor="${sensor}"]`);
  const address = () => new URL(page.url());

  async function hasDots(sensor: string, dots: number): Promise<void> {
    await page.locator(`.trace[data-sensor="${sensor}"][data-dots="${dots}"]`).waitFor();
  }

  test("the list finds devices by their name, goes through them by keyboard, and opens one", async () => {
    await open("/devices");
    await row("press-1").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("KILN");
    await row("press-1").waitFor({ state: "detached" });
    expect(address().search).toBe("?q=KILN");
    await page.locator("#search").blur();
    for (const key of ["j", "j"]) await page.keyboard.press(key);
    await until("the second is chosen", async () => (await focusedText()) === "kiln-2");
    await page.keyboard.press("k");
    await until("the first is chosen", async () => (await focusedText()) === "kiln-1");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "kiln-1" }).waitFor();
    await page.goBack();
    await row("kiln-1").waitFor();
    expect(await page.locator("#search").inputValue()).toBe("KILN");
  });

  test("pages are reached by keys and by the palette, and an address that is none says so", async () => {
    await open("/");
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await row("press-1").waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("press");
    await page.getByRole("option", { name: "press-1" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "press-1" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.evaluate(
      "history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))",
    );
    await page.getByText("There is no such page").waitFor();
  });

  test("a device has what was stored and what is pushed in one chart, and every anomaly of it", async () => {
    await open("/devices/kiln-1");
    await hasDots("temperature", 4);
    expect(await trace("temperature").getAttribute("data-anomalies")).toBe("1");
    await publish("kiln-1", { temperature: 22 });
    await hasDots("temperature", 5);
    await page.reload();
    await hasDots("temperature", 5);
    // What happened to another device has no place here.
    expect(await page.locator(".log").first().textContent()).not.toContain("Vibration");
  });

  test("what is usual is shaded from where it is known, at once and from then on, and stands in the table", async () => {
    const begunMs = Date.now() - 600_000;
    const send = (second: number, temperature: number): Promise<unknown> => {
      const timestamp = new Date(begunMs + second * 1000).toISOString();
      const text = JSON.stringify({ timestamp, temperature });
      return stage.mqtt.publishAsync("devices/lehr-1/telemetry", text, { qos: 1 });
    };
    await Promise.all(Array.from({ length: 60 }, (_, second) => send(second, 20 + (second % 3))));
    await open("/devices/lehr-1");
    await hasDots("temperature", 60);
    expect(await trace("temperature").getAttribute("data-bands")).toBe("0");
    expect(await page.evaluate(shadedPixels)).toBeLessThan(200);
    await send(60, 21);
    const banded = page.locator('.trace[data-sensor="temperature"][data-bands="1"]');
    await banded.waitFor();
    await page.reload();
    await banded.waitFor();
    await banded.getByText("usual", { exact: true }).waitFor();
    await send(500, 22);
    await hasDots("temperature", 62);
    await until("the area is painted", async () => Number(await page.evaluate(shadedPixels)) > 2000);
    await page.keyboard.press("t");
    const newest = trace("temperature").locator(".twin tbody tr").first().locator("td");
    const [, value, from, to] = await newest.allTextContents();
    expect(value).toBe("22.00");
    expect(Number(from)).toBeLessThan(20);
    expect(Number(to)).toBeGreaterThan(22);
    const oldest = trace("temperature").locator(".twin tbody tr").last().locator("td");
    expect((await oldest.allTextContents()).slice(2, 4)).toEqual(["", ""]);
  });

  test("the number beside a chart is what was measured last, with its age, however long the range is", async () => {
    const endMs = Date.now() - 40 * 60_000;
    const readings = Array.from({ length: 400 }, (_, at) => ({
      temperature: at === 399 ? 31.29 : 20 + (at % 3),
      timestamp: new Date(endMs - (399 - at) * 600_000).toISOString(),
    }));
    await stage.mqtt.publishAsync("devices/dial/telemetry", JSON.stringify(readings), { qos: 1 });
    const number = trace("temperature").locator(".sensor-reading");
    // Too narrow for a point per reading.
    await page.setViewportSize({ width: 360, height: 740 });
    await open("/devices/dial?from=now-30d&live=1");
    await page.locator('.trace[data-sensor="temperature"]:not([data-level="raw"])').waitFor();
    await number.getByText("31.29").waitFor();
    await number.getByText("40 min ago").waitFor();
    await publish("dial", { temperature: 21.5 });
    await number.getByText("21.50").waitFor();
    await number.getByText(/just now|\d s ago/).waitFor();
    const [from, to] = [-3_600_000, -600_000].map((ms) => new Date(endMs + ms + 60_000).toISOString());
    await page.goto(`${stage.consoleUrl}/devices/dial?from=${from}&to=${to}`);
    await number.getByText("22.00").waitFor();
    await number.getByText(/^at /).waitFor();
  });

  test("the head of a device says what the list says of it, why, and when it was last seen", async () => {
    const head = page.locator(".device-state");
    const activeSeconds = (seconds: number) =>
      fetch(`${stage.consoleUrl}/config`, {
        method: "POST",
        body: JSON.stringify({ active_device_timeout_seconds: seconds }),
      });
    await publish("dozer", { temperature: 21 });
    await open("/devices/dozer");
    await head.locator('[data-state="online"]').waitFor();
    await head.getByText(/last seen (just now|\d s ago)/).waitFor();
    try {
      await activeSeconds(1);
      await page.reload();
      await until("it is gone", async () => {
        if ((await head.locator('[data-state="offline"]').count()) > 0) return true;
        await page.reload();
        await head.locator("[data-state]").waitFor();
        return false;
      });
      await head.getByText("silent for far longer than is usual for it").waitFor();
      await open("/devices?q=dozer");
      await row("dozer").locator('[data-state="offline"]').waitFor();
    } finally {
      await activeSeconds(60);
    }
    await open("/devices/dozer");
    await publish("dozer", { temperature: 22 });
    await head.locator('[data-state="online"]').waitFor();
  });

  test("what stands beside the charts moves on by itself, and leaves what somebody reads as it is", async () => {
    const part = (name: string) => page.getByRole("region", { name, exact: true });
    const account = async () => (await part("Ledger").locator("dd").allTextContents()).join(" ");
    const send = (text: string) =>
      stage.mqtt.publishAsync("devices/gauge/telemetry", text, { qos: 1 }).then(() => undefined);
    await publish("gauge", { flow: 3 });
    await send("junk");
    await open("/devices/gauge");
    await part("Models").getByText("learning 1 of 60").waitFor();
    await until("the ledger is shown", async () => (await account()) === "2 1 0 1 0");
    await part("Rejected").locator("summary").click();
    await send("{");
    await publish("gauge", { flow: 4 });
    await until("the ledger has moved on", async () => (await account()) === "4 2 0 2 0", {
      withinMs: 20_000,
    });
    await part("Models").getByText("learning 2 of 60").waitFor();
    await until("both are listed", async () => (await part("Rejected").locator("li").count()) === 2);
    expect(await part("Rejected").locator("details[open]").textContent()).toContain("junk");
    expect(await focusedText()).toMatch(/^PAYLOAD/);
    await open("/");
    await page.locator(".fleet").getByText("sensors learning").waitFor();
  });

  test("it is paused by the space bar and loses nothing; a range that is drawn goes into the address, and back", async () => {
    await open("/devices/kiln-2");
    await hasDots("temperature", 3);
    await page.keyboard.press(" ");
    await publish("kiln-2", { temperature: 22 });
    await page.getByRole("button", { name: "Paused – 1 new point" }).waitFor();
    expect(await trace("temperature").getAttribute("data-dots")).toBe("3");
    await page.keyboard.press(" ");
    await hasDots("temperature", 4);

    const box = await trace("temperature").locator("canvas").boundingBox();
    if (box === null) throw new Error("the chart is not in the window");
    const [middle, end] = [box.y + 60, box.x + box.width - 12];
    await page.mouse.move(end - 200, middle);
    await page.mouse.down();
    await page.mouse.move(end, middle, { steps: 4 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Back to now" }).waitFor();
    const { searchParams } = address();
    expect(Date.parse(searchParams.get("to") ?? "")).toBeGreaterThan(
      Date.parse(searchParams.get("from") ?? ""),
    );
    await page.keyboard.press("Control+z");
    await page.getByRole("button", { name: /Live|Paused/ }).waitFor();
    expect(address().search).toBe("");
  });

  test("after the server was away nothing is missing and nothing is there twice", async () => {
    const ids = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => (20 + (from + at) / 100).toFixed(2));
    const send = async (all: readonly string[]) => {
      for (const id of all) await publish("steady", { temperature: Number(id) });
    };
    await send(ids(0, 20));
    await open("/devices/steady");
    await hasDots("temperature", 20);
    await page.keyboard.press("t");
    await send(ids(20, 30));
    await hasDots("temperature", 30);
    await stage.kill();
    await page.getByText(/Connection lost \d+ s ago/).waitFor();
    expect(await page.locator("html[data-stale]").count()).toBe(1);
    await stage.startAgain();
    // Some of these come before the page is back, some after.
    await send(ids(30, 60));
    await page.locator('[data-connection="live"]').waitFor();
    await send(ids(60, 70));
    await hasDots("temperature", 70);
    expect(await measuredOn(page, "temperature")).toEqual(ids(0, 70));
    stage.complaints.length = 0;
  });

  async function focusedText(): Promise<unknown> {
    return page.evaluate("document.activeElement?.textContent");
  }
});
