import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

/** Counts the tones; nobody hears them here. */
const countTones = `(() => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) {
    window.tones += 1;
    start.apply(this, at);
  };
})()`;

describe("the sound of an alarm", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("sound");
    page = await stage.newPage();
    await page.addInitScript(countTones);
    await page.goto(`${stage.consoleUrl}/settings?part=browser`);
    await page.locator('[data-connection="live"]').waitFor();
  });

  afterAll(() => stage?.close());

  const tones = async () => Number(await page.evaluate("window.tones"));
  const sound = () => page.getByLabel("Sound when an alarm is raised");
  const isAlarmOf = (deviceId: string) => async () =>
    (await (await fetch(`${stage.consoleUrl}/api/v1/alarms?device=${deviceId}`)).text()).includes('"raised"');

  async function heat(deviceId: string): Promise<void> {
    await stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, '{"temperature":150}', { qos: 1 });
    await until(`${deviceId} has an alarm`, isAlarmOf(deviceId));
  }

  test("is off until it is switched on", async () => {
    expect(await sound().isChecked()).toBe(false);
    await heat("tank-1");
    await page.waitForTimeout(500);
    expect(await tones()).toBe(0);
  });

  test("plays once when it is switched on, and twice for a critical alarm", async () => {
    await sound().check();
    await until("it plays as a sample", async () => (await tones()) === 1);
    await heat("tank-2");
    await until("it rings", async () => (await tones()) === 3, { withinMs: 10_000 });
  });

  test("rings once for many within five seconds", async () => {
    await Promise.all(["tank-3", "tank-4", "tank-5"].map(heat));
    await until("it rings again", async () => (await tones()) === 5, { withinMs: 10_000 });
    await page.waitForTimeout(500);
    expect(await tones()).toBe(5);
  });

  test("stays on after a reload, where nothing was pressed yet and the browser may forbid it", async () => {
    await page.reload();
    await page.locator('[data-connection="live"]').waitFor();
    expect(await sound().isChecked()).toBe(true);
    await heat("tank-6");
    await page.waitForTimeout(500);
    expect(stage.complaints).toEqual([]);
  });
});
