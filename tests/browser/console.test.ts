import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { portOf } from "../harness/program.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

describe("the console", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("browser");
  });

  beforeEach(async () => {
    await page?.close();
    page = await stage.newPage();
    await page.goto(stage.consoleUrl);
  });

  afterAll(() => stage?.close());

  async function publish(deviceId: string, temperature: number): Promise<void> {
    await stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, JSON.stringify({ temperature }), {
      qos: 1,
    });
  }

  const block = (deviceId: string) =>
    page.locator(`article[data-device="${deviceId}"] [data-sensor="temperature"]`);

  test("greets an empty platform with lines that work when they are copied", async () => {
    const empty = page.locator("[data-empty]");
    await empty.waitFor();
    const text = await empty.textContent();
    expect(text).toContain(`mosquitto_pub -h 127.0.0.1 -p ${portOf(stage.mqttUrl)}`);
    expect(text).toContain(`${stage.consoleUrl}/data`);
  });

  test("shows a published point and an anomaly's mark at once, and both again after a reload", async () => {
    for (const value of [21, 22, 23]) await publish("oven-1", value);
    await block("oven-1").waitFor();
    await expectCounts("oven-1", { points: "3", anomalies: "0" });

    const startedMs = performance.now();
    await publish("oven-1", 150);
    await expectCounts("oven-1", { points: "4", anomalies: "1" });
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(await block("oven-1").getAttribute("data-last-value")).toBe("150");
    expect(await page.locator("[data-anomaly]").first().textContent()).toContain("oven-1");

    await page.reload();
    await block("oven-1").waitFor();
    await expectCounts("oven-1", { points: "4", anomalies: "1" });
    expect(await page.locator("[data-anomaly]").first().textContent()).toContain("150");
  });

  test("puts what goes wrong into the inbox, once, and lets it be acknowledged", async () => {
    await publish("oven-4", 21);
    await block("oven-4").waitFor();
    for (const value of [150, 160, 170]) await publish("oven-4", value);
    const alarm = page.locator("#inbox [data-alarm]").filter({ hasText: "oven-4" });
    await alarm.waitFor();
    expect(await alarm.getAttribute("data-state")).toBe("raised");
    await alarm.getByRole("button", { name: "Acknowledge oven-4" }).click();
    await page.locator('#inbox [data-alarm][data-state="acknowledged"]').waitFor();
    expect(await alarm.textContent()).toContain("acknowledged by anyone");
    expect(await alarm.count()).toBe(1);

    await page.reload();
    await alarm.waitFor();
    expect(await alarm.getAttribute("data-state")).toBe("acknowledged");
  });

  test("lets a false alarm be called one, says what a quieter line would have changed, and moves it", async () => {
    await publish("oven-5", 33);
    const alarm = page.locator("#inbox [data-alarm]").filter({ hasText: "oven-5" });
    await alarm.waitFor();
    const [deny, confirm] = ["False alarm", "Confirm"].map((name) =>
      alarm.getByRole("button", { name: `${name} oven-5` }),
    );
    await confirm?.click();
    await alarm.locator('[aria-label^="Confirm"][aria-pressed="true"]').waitFor();
    await deny?.click();
    await alarm.getByText(/would have removed 1 of 1 alarm in 7 days/).waitFor();
    expect(await confirm?.getAttribute("aria-pressed")).toBe("false");
    await alarm.getByRole("button", { name: "Apply" }).click();
    await alarm.getByText("This sensor is quieter now").waitFor();
    const answer = await fetch(`${stage.consoleUrl}/api/v1/tunings`);
    expect(await answer.json()).toMatchObject({
      tunings: [{ deviceId: "oven-5", sensorType: "temperature" }],
    });
    await alarm.getByRole("button", { name: "Undo" }).click();
    await alarm.getByText("Undone").waitFor();
  });

  test("puts the worst alarm first, and gives every severity one shape and one colour", async () => {
    await publish("oven-6", 150);
    await publish("oven-7", 33);
    await page.locator("#inbox [data-alarm]").filter({ hasText: "oven-7" }).waitFor();
    await page.locator(".fleet").waitFor();
    const ranks = (await severitiesIn("#inbox .alarm")).map((name) => ["critical", "major"].indexOf(name));
    expect(ranks.length).toBeGreaterThan(3);
    expect(ranks).toEqual(ranks.toSorted());
    const hosts = [".fleet [data-severity] dd", "#inbox .alarm-mark", "#feed-list .feed-mark"];
    const marks = await Promise.all([...hosts, ".card-found .severity-mark"].map(looksOf));
    expect(marks.every((found) => found.includes("critical"))).toBe(true);
    const looks = marks.join("\n").split("\n");
    expect(new Set(looks).size, `${[...new Set(looks)]}`).toBe(3);
  });

  async function severitiesIn(selector: string): Promise<readonly string[]> {
    const rows = await page.locator(selector).all();
    return Promise.all(rows.map(async (row) => (await row.getAttribute("data-severity")) ?? ""));
  }

  /** How severities are shown there, a line each: `critical "●" rgb(…)`. */
  async function looksOf(selector: string): Promise<string> {
    const read = `[...document.querySelectorAll(${JSON.stringify(selector)})].map((mark) => {
      const { content, color } = getComputedStyle(mark, "::before");
      return [mark.closest("[data-severity]").dataset.severity, content, color].join(" ");
    }).join("\\n")`;
    return String(await page.evaluate(read));
  }

  test("opens the page of an alarm whose device is not on the board", async () => {
    await publish("oven-8", 150);
    const row = page.locator("#inbox [data-alarm]").filter({ hasText: "oven-8" });
    await row.waitFor();
    await block("oven-8").waitFor();
    await setTimeoutSeconds(1);
    await block("oven-8").waitFor({ state: "detached" });
    await setTimeoutSeconds(60);
    await row.locator(".feed-item").focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-alarm-page]").waitFor();
    expect(new URL(page.url()).pathname).toBe(`/alarms/${await alarmOf("oven-8")}`);
  });

  async function alarmOf(deviceId: string): Promise<number | undefined> {
    const answer = await fetch(`${stage.consoleUrl}/api/v1/alarms?device=${deviceId}`);
    // As the route answers by its schema.
    return ((await answer.json()) as { alarms: { id: number }[] }).alarms[0]?.id;
  }

  test("says that the connection is lost, and misses no point of the time without it", async () => {
    await publish("oven-2", 21);
    await block("oven-2").waitFor();
    await stage.kill();
    await page.locator('[data-connection="reconnecting"], [data-connection="offline"]').first().waitFor();

    await stage.startAgain();
    for (const value of [22, 23]) await publish("oven-2", value);
    await page.locator('[data-connection="live"]').waitFor();
    await expectCounts("oven-2", { points: "3", anomalies: "0" });
    stage.complaints.length = 0;
  });

  test("does not call a server live that has frozen, counts from its last word, and goes on when it does", async () => {
    await page.locator('[data-connection="live"]').waitFor();
    const frozenMs = Date.now();
    stage.freeze();
    try {
      await page.locator('#connection[data-connection="silent"]').waitFor({ timeout: 9000 });
      expect(await page.locator("html[data-stale]").count()).toBe(1);
      await page.getByText(/The server has said nothing for \d+ s/).waitFor();
      const lost = page.getByText(/Connection lost \d+ s ago/);
      await lost.waitFor({ timeout: 12_000 });
      const [, seconds] = /lost (\d+) s ago/.exec((await lost.textContent()) ?? "") ?? [];
      expect(Math.abs(Number(seconds) - (Date.now() - frozenMs) / 1000)).toBeLessThan(6);
      expect(Number(seconds)).toBeGreaterThan(5);
    } finally {
      stage.thaw();
    }
    await page.locator('#connection[data-connection="live"]').waitFor();
    stage.complaints.length = 0;
  });

  test("takes a silent device off the board and shows it again with its next reading", async () => {
    await publish("oven-3", 21);
    await block("oven-3").waitFor();
    await setTimeoutSeconds(1);
    await block("oven-3").waitFor({ state: "detached" });
    await setTimeoutSeconds(60);
    await publish("oven-3", 22);
    await block("oven-3").waitFor();
  });

  test("draws in both themes and on a phone without scrolling sideways, and complains of nothing", async () => {
    await publish("oven-1", 22);
    await block("oven-1").waitFor();
    const colours = [];
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      colours.push(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor"));
    }
    expect(new Set(colours).size).toBe(2);
    await page.setViewportSize({ width: 360, height: 740 });
    // The charts follow the new width with the next frame.
    await until(
      "nothing sticks out",
      async () => (await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")) === true,
    );
    expect(stage.complaints).toEqual([]);
  });

  async function expectCounts(
    deviceId: string,
    counts: { points: string; anomalies: string },
  ): Promise<void> {
    const read = async () => ({
      points: await block(deviceId).getAttribute("data-points"),
      anomalies: await block(deviceId).getAttribute("data-anomalies"),
    });
    const isReached = async () => JSON.stringify(await read()) === JSON.stringify(counts);
    await until(`${deviceId} shows ${JSON.stringify(counts)}`, isReached, { withinMs: 10_000 }).catch(
      () => undefined,
    );
    expect(await read()).toEqual(counts);
  }

  async function setTimeoutSeconds(seconds: number): Promise<void> {
    await fetch(`${stage.consoleUrl}/config`, {
      method: "POST",
      body: JSON.stringify({ active_device_timeout_seconds: seconds }),
    });
  }
});
