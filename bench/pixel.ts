import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { connectAsync, type MqttClient } from "mqtt";
import { ask } from "./ask.ts";
import type { BrowserAnswer, BrowserOrder, BrowserQuestion } from "./browser-worker.ts";
import { type Stand, withStand } from "./console-stand.ts";
import type { LoadLatencies, Schedule } from "./paced-load.ts";
import type { PacedLoadOrder } from "./paced-load-worker.ts";
import { percentilesOf } from "./percentiles.ts";
import { newMark, watchForMarks } from "./pixel-watch.ts";
import { clockOffsetUs, sharedClock } from "./shared-clock.ts";
import { printTable } from "./table.ts";

const deviceIds = Array.from({ length: 50 }, (_, place) => `paced-${place}`);
const probed = "probe";
const anomalies = 40;
/** So far apart, each mark stands clear of the one before on a chart of five minutes. */
const apartMs = 5000;
const usualEveryMs = 250;
/** Below absolute zero: an anomaly at once, whatever is known of the device, and each time. */
const impossible = -300;
const warmUpMs = 20_000;
const offsetUs = clockOffsetUs();
const now = sharedClock(offsetUs);

/**
 * How long after it was published an anomaly is seen: from before the PUBLISH until the frame after the one in which its mark is on the
 * chart of its device's page, in Chromium, with each service a process, while others publish so many readings a second. Baseline of the
 * same run: the same anomalies as a Socket.IO client without a screen hears them.
 */
export async function pixelBench(args: readonly string[]): Promise<void> {
  const rates = (args.length > 0 ? args : ["200", "1000"]).map(Number);
  await withStand(async (stand) => {
    const rows: object[] = [];
    for (const rate of rates) rows.push(await measure(stand, rate));
    process.stdout.write(`${JSON.stringify({ bench: "pixel", rows })}\n`);
  });
}

async function measure({ mqttPort, consoleUrl, browser }: Stand, readingsPerSecond: number) {
  const page = await browser.newPage();
  const loadOrder: PacedLoadOrder = { port: mqttPort, deviceIds, readingsPerMessage: 1, offsetUs };
  const load = new Worker(new URL("./paced-load-worker.js", import.meta.url), { workerData: loadOrder });
  const messages = (readingsPerSecond * (warmUpMs + anomalies * apartMs)) / 1000;
  const schedule: Schedule = {
    ...{ startUs: now() + 500_000, messages, messagesPerSecond: readingsPerSecond },
    anomalyEvery: messages + 1,
  };
  const loaded = ask<Schedule, LoadLatencies>(load, schedule);
  const mqtt = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: probed });
  await publish(mqtt, 20);
  const usual = setInterval(() => void publish(mqtt, 20 + Math.random()), usualEveryMs);
  const browserOrder: BrowserOrder = { url: consoleUrl, deviceIds: [probed], offsetUs };
  const client = new Worker(new URL("./browser-worker.js", import.meta.url), { workerData: browserOrder });
  await page.goto(`${consoleUrl}/devices/${probed}?from=now-5m`);
  await page.locator("canvas").first().waitFor();
  await pause(warmUpMs);
  await page.evaluate(watchForMarks);
  const fromUs = now();
  const seenUs: number[] = [];
  for (let one = 0; one < anomalies; one += 1) {
    // Not in step with anything that ticks.
    await pause(apartMs + Math.random() * usualEveryMs);
    const sentUs = now();
    const seen = page.evaluate<number>(newMark);
    await publish(mqtt, impossible);
    seenUs.push((await seen) * 1000 - sentUs);
  }
  clearInterval(usual);
  const { anomaliesUs } = await ask<BrowserQuestion, BrowserAnswer>(client, { fromUs });
  await loaded;
  await Promise.all([load.terminate(), client.terminate(), mqtt.endAsync(true), page.close()]);
  const pixel = percentilesOf(Float64Array.from(seenUs));
  const socket = percentilesOf(anomaliesUs);
  const rows = [
    { until: "pixel", ...pixel, ratio: Number((pixel.p50 / socket.p50).toFixed(1)) },
    { until: "Socket.IO client", ...socket, ratio: 1 },
  ];
  printTable(`from PUBLISH to the mark of an anomaly, ms, at ${readingsPerSecond} readings/s`, rows);
  return { readingsPerSecond, pixel, socket };
}

async function publish(mqtt: MqttClient, temperature: number): Promise<void> {
  const reading = JSON.stringify({ temperature, timestamp: now() });
  await mqtt.publishAsync(`devices/${probed}/telemetry`, reading, { qos: 1 });
}
