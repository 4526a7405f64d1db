import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { violations } from "../harness/axe.ts";
import { startFingers } from "../harness/fingers.ts";
import { until } from "../harness/local-servers.ts";
import { cornerOf, type Dot, sizeOf } from "../harness/png.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

describe("what can be done with the charts of a device", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("device-controls");
    await stage.browser.grantPermissions(["clipboard-read", "clipboard-write"]);
    for (const temperature of [21, 22, 21.5]) await publish({ temperature, humidity: 40, pressure: 1010 });
  });

  beforeEach(async () => {
    page = await stage.newPage();
  });

  afterEach(() => page.close());

  afterAll(() => stage?.close());

  const publish = (values: Readonly<Record<string, number>>) =>
    stage.mqtt.publishAsync("devices/kiln/telemetry", JSON.stringify(values), { qos: 1 });
  const trace = (sensor: string) => page.locator(`.trace[data-sensor="${sensor}"]`);
  const sensors = () => page.locator(".trace").evaluateAll((all) => all.map((one) => one.dataset["sensor"]));
  const query = () => Object.fromEntries(new URL(page.url()).searchParams);
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const says = (text: string) => page.getByRole("status").filter({ hasText: text }).waitFor();
  const copied = () => page.evaluate("navigator.clipboard.readText()");

  async function open(search = ""): Promise<void> {
    await page.goto(`${stage.consoleUrl}/devices/kiln${search}`);
    await page.locator(".trace[data-dots='3']").first().waitFor();
  }

  async function does(command: string): Promise<void> {
    await page.keyboard.press("Control+k");
    await page.keyboard.type(command);
    await page.getByRole("option", { name: command }).waitFor();
    await page.keyboard.press("Enter");
  }

  test("which sensors are shown is chosen by keyboard, is in the address, and one always stays", async () => {
    await open();
    await page.keyboard.press("s");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Space");
    await trace("humidity").waitFor({ state: "detached" });
    expect(query()).toEqual({ from: "now-15m", live: "1", s: "pressure,temperature" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await trace("pressure").waitFor({ state: "detached" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    expect(await page.getByRole("checkbox", { name: "Temperature" }).isChecked()).toBe(true);
    expect(await sensors()).toEqual(["temperature"]);
    await page.keyboard.press("Escape");
    await page.locator("summary:focus").getByText("Sensors: 1 of 3").waitFor();

    await page.reload();
    await trace("temperature").waitFor();
    expect(await sensors()).toEqual(["temperature"]);
    await page.keyboard.press("s");
    for (const key of ["Space", "Tab", "Space"]) await page.keyboard.press(key);
    await trace("pressure").waitFor();
    expect(query()).toEqual({ from: "now-15m", live: "1" });
  });

  test("an address that says live follows now, and a range that is over does not", async () => {
    const from = new Date(Date.now() - 600_000).toISOString();
    const to = new Date(Date.now() + 1000).toISOString();
    await open(`?from=${from}&to=${to}`);
    await button("Back to now").waitFor();
    await open(`?from=${from}&to=${to}&live=1`);
    await button("Live").waitFor();
    await button("1 h").click();
    expect(query()).toEqual({ from: "now-1h", live: "1" });
  });

  test("the charts become a picture with the ground of the theme, twice as fine as it is laid out", async () => {
    await open();
    const corners: Dot[] = [];
    for (const theme of ["dark", "light"]) {
      await page.locator(`#theme input[value="${theme}"]`).check();
      const [download] = await Promise.all([page.waitForEvent("download"), button("PNG").click()]);
      expect(download.suggestedFilename()).toMatch(/^kiln_\d{8}T\d{6}Z_\d{8}T\d{6}Z\.png$/);
      const png = readFileSync(await download.path());
      expect(sizeOf(png)).toEqual({ width: 2000, height: 2 * (24 + 64 + 3 * 276) });
      corners.push(cornerOf(png));
    }
    expect(corners).toEqual([
      [16, 29, 32],
      [255, 255, 255],
    ]);
    await page.keyboard.press("s");
    await page.keyboard.press("Space");
    await page.keyboard.press("Escape");
    const [download] = await Promise.all([page.waitForEvent("download"), does("Save the charts as PNG")]);
    expect(sizeOf(readFileSync(await download.path())).height).toBe(2 * (24 + 64 + 2 * 276));
  });

  test("a link leads to what is seen: to now while it is live, to this time while it stands still", async () => {
    await open("?s=temperature");
    await button("Copy link").click();
    await says("The link is copied.");
    expect(await copied()).toBe(`${stage.consoleUrl}/devices/kiln?from=now-15m&live=1&s=temperature`);
    await page.locator("body").click({ position: { x: 2, y: 300 } });
    await page.keyboard.press("Space");
    await button("Paused – 0 new points").waitFor();
    await does("Copy a link to this");
    await until("it is copied", async () => /[?&]to=20\d\d-/.test(String(await copied())));
    await page.goto(String(await copied()));
    await button("Back to now").waitFor();
    await trace("temperature").waitFor();
    expect(await sensors()).toEqual(["temperature"]);
  });

  test("a range is chosen in the calendar, by other clocks, and copied and pasted", async () => {
    const session = await stage.browser.newCDPSession(page);
    await session.send("Emulation.setTimezoneOverride", { timezoneId: "Africa/Nairobi" });
    await open();
    const [from, to] = [Date.now() - 3_600_000, Date.now() + 60_000].map(
      (ms) => Math.floor(ms / 1000) * 1000,
    );
    const clock = (ms = 0, aheadMinutes = 0) =>
      new Date(ms + aheadMinutes * 60_000).toISOString().slice(0, 19);
    const calendar = page.getByRole("group", { name: "Calendar and time zone" });
    await page.getByText("Calendar (Africa/Nairobi)").click();
    expect(await violations(page)).toEqual([]);
    await calendar.getByLabel("From").fill(clock(from, 180));
    await calendar.getByLabel("To").fill(clock(to, 180));
    await calendar.getByRole("button", { name: "Show these" }).click();
    await button("Back to now").waitFor();
    const [fromIso, toIso] = [from, to].map((ms = 0) => new Date(ms).toISOString());
    expect(query()).toEqual({ from: fromIso, to: toIso });

    await page.locator(".range-form summary").click();
    await calendar.getByLabel("Times by the clocks of").selectOption("utc");
    await calendar.getByRole("button", { name: "Copy range" }).click();
    await says("The range is copied.");
    expect(await copied()).toBe(`${fromIso} to ${toIso}`);
    expect(await page.locator(".range-form input[name=from]").inputValue()).toBe(
      clock(from).replace("T", " "),
    );

    await button("15 m").click();
    await page.keyboard.press("Control+v");
    await button("Back to now").waitFor();
    expect(query()).toEqual({ from: fromIso, to: toIso });
    await page.reload();
    await page.locator(".range-form summary").getByText("UTC").waitFor();
  });

  test("two fingers zoom a chart and move it, and one scrolls the page", async () => {
    const fingers = await startFingers(stage.browser, page);
    // Less high than the page, so that there is something to scroll.
    await page.setViewportSize({ width: 1280, height: 420 });
    const from = Date.now() - 900_000;
    const readings = Array.from({ length: 30 }, (_, at) => ({
      temperature: 21 + (at % 3) / 10,
      timestamp: new Date(from + at * 30_000).toISOString(),
    }));
    await stage.mqtt.publishAsync("devices/loom/telemetry", JSON.stringify(readings), { qos: 1 });
    const range = `from=${new Date(from).toISOString()}&to=${new Date(from + 900_000).toISOString()}`;
    await page.goto(`${stage.consoleUrl}/devices/loom?${range}`);
    await trace("temperature").and(page.locator("[data-dots='30']")).waitFor();
    const box = await trace("temperature").locator("canvas").boundingBox();
    if (box === null) throw new Error("the chart is not in the window");
    const y = box.y + 80;
    const [near, far] = [box.x + box.width * 0.45, box.x + box.width * 0.55];
    const spanMs = () => Date.parse(query()["to"] ?? "") - Date.parse(query()["from"] ?? "");

    await fingers.drag([
      { from: { x: near, y }, to: { x: near - 80, y } },
      { from: { x: far, y }, to: { x: far + 80, y } },
    ]);
    await until("it is zoomed in", () => spanMs() < 600_000);
    const drawn = () =>
      trace("temperature").and(page.locator(`[data-from="${Date.parse(query()["from"] ?? "")}"]`));
    await drawn().waitFor();
    const zoomedMs = spanMs();
    expect(zoomedMs).toBeGreaterThan(60_000);
    const zoomed = query();

    await fingers.drag([
      { from: { x: near, y }, to: { x: near + 100, y } },
      { from: { x: far, y }, to: { x: far + 100, y } },
    ]);
    await until("it shows what was before", () => (query()["from"] ?? "") < (zoomed["from"] ?? ""));
    expect(Math.abs(spanMs() - zoomedMs)).toBeLessThan(10);
    await drawn().waitFor();

    const moved = query();
    await fingers.drag([{ from: { x: near, y: y + 20 }, to: { x: near, y: y - 140 } }]);
    await until("the page is scrolled", async () => Number(await page.evaluate("scrollY")) > 20);
    expect(query()).toEqual(moved);
    await page.goBack();
    await until("back undoes the last of them", () => query()["from"] === zoomed["from"]);
  });

  test("a finger acknowledges an alarm by pushing it aside, and can take it back", async () => {
    const fingers = await startFingers(stage.browser, page);
    await publish({ temperature: 150 });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(stage.consoleUrl);
    const alarm = page.locator("#inbox .alarm").first();
    const push = async (pixels: number) => {
      const box = await alarm.boundingBox();
      if (box === null) throw new Error("the alarm is not in the window");
      const [x, y] = [box.x + 60, box.y + 30];
      await fingers.drag([{ from: { x, y }, to: { x: x + pixels, y: y + 4 } }]);
    };
    const state = async () => (await fetch(`${stage.consoleUrl}/api/v1/alarms?state=open`)).text();
    await alarm.waitFor();
    await push(60);
    expect(await alarm.getAttribute("data-pull")).toBe("none");
    expect(await alarm.getAttribute("data-soon")).toBeNull();

    await push(150);
    await says("Acknowledged in 5 s, unless it is undone.");
    await alarm.getByRole("button", { name: /^Undo/ }).click();
    await says("Undone.");
    await alarm.getByRole("button", { name: /^Acknowledge/ }).waitFor();

    await page.emulateMedia({ reducedMotion: "reduce" });
    await push(150);
    await page.locator("#inbox .alarm[data-soon]").waitFor();
    expect(await state()).toContain('"state":"raised"');
    await page.locator('#inbox .alarm[data-state="acknowledged"]').waitFor();
    expect(await state()).not.toContain('"state":"raised"');
  });

  test("nothing of it complains", () => {
    expect(stage.complaints).toEqual([]);
  });
});
