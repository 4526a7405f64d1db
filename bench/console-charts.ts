import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import type { Page } from "playwright-core";
import { until } from "../tests/harness/local-servers.ts";
import { frames, type Gauge, gaugeOf, rounded, type Stand } from "./console-stand.ts";
import { percentilesOf } from "./percentiles.ts";

const sensorTypes = ["temperature", "humidity", "pressure", "vibration", "battery_voltage", "co2"] as const;
const pointsAChart = 10_000;
const usualHz = 10;
/** Faster than any sensor, so that an hour of updates passes in a minute or two. */
const hurriedHz = 400;
const seconds = 30;
/**
 * What the page allocates between a collection and the look at it counts as well, a megabyte now and then, and what it holds rises until
 * the next answer of the history, every half minute. The least of a minute's readings is what stays.
 */
const gaugedMs = 60_000;
const gaugedTimes = 31;
const messageLimit = 150;

/** Six charts of ten thousand points each that get ten a second: how evenly the page draws, beside an empty page of the same browser. */
export async function chartFigures(stand: Stand) {
  const mqtt = await connectAsync(`mqtt://127.0.0.1:${stand.mqttPort}`, { clientId: "charts" });
  const empty = await stand.browser.newPage();
  const before = percentilesOf(micros(await frames(empty, seconds)));
  await empty.close();
  const page = await openDevice(stand, "charts", pointsAChart / usualHz);
  await growTo(mqtt, page, stand.database);
  const end = publishEvery(mqtt, usualHz);
  const grown = percentilesOf(micros(await frames(page, seconds)));
  await page.reload();
  await page
    .locator(".trace")
    .nth(sensorTypes.length - 1)
    .waitFor();
  const reloaded = percentilesOf(micros(await frames(page, seconds)));
  await end();
  await Promise.all([page.close(), mqtt.endAsync()]);
  return [
    { page: "empty", ...before },
    { page: "six charts that heard 10 000 readings each", ...grown },
    { page: "the same, reloaded", ...reloaded },
  ];
}

/**
 * What the page holds with ten thousand points a chart, and after as many updates as an hour has; or after so many real minutes. Each
 * figure is the least of a minute's readings, the last minute of its quarter.
 */
export async function heapFigures(stand: Stand, minutes: number | undefined) {
  const mqtt = await connectAsync(`mqtt://127.0.0.1:${stand.mqttPort}`, { clientId: "charts" });
  const hz = minutes === undefined ? hurriedHz : usualHz;
  const page = await openDevice(stand, "charts", pointsAChart / hz);
  const gauge = await gaugeOf(page);
  const end = publishEvery(mqtt, hz);
  await pause((1.2 * pointsAChart * 1000) / hz);
  const rows = [await reading(page, gauge, 0)];
  const updates = (minutes ?? 60) * 60 * usualHz;
  for (const share of [0.25, 0.5, 0.75, 1]) {
    await pause(Math.max(0, (updates * 0.25 * 1000) / hz - gaugedMs));
    rows.push(await reading(page, gauge, Math.round(updates * share)));
  }
  await end();
  await Promise.all([page.close(), mqtt.endAsync()]);
  const [first, last] = [rows[0]?.heapMb ?? Number.NaN, rows.at(-1)?.heapMb ?? Number.NaN];
  return { rows, growthPercent: rounded((100 * (last - first)) / first) };
}

async function reading(page: Page, gauge: Gauge, updates: number) {
  const heapsMb: number[] = [];
  const startMs = performance.now();
  let nodes = Number.NaN;
  for (let at = 0; at < gaugedTimes; at += 1) {
    await pause(Math.max(0, startMs + (at * gaugedMs) / (gaugedTimes - 1) - performance.now()));
    const held = await gauge.held();
    heapsMb.push(held.heapMb);
    nodes = held.nodes;
  }
  heapsMb.sort((a, b) => a - b);
  const ranked = (rank: number): number => heapsMb[rank] ?? Number.NaN;
  const dots = Number(await page.locator(".trace").first().getAttribute("data-dots"));
  return {
    updates,
    dots,
    heapMb: ranked(0),
    medianMb: ranked((gaugedTimes - 1) / 2),
    mostMb: ranked(gaugedTimes - 1),
    nodes,
  };
}

async function openDevice(
  { browser, consoleUrl }: Stand,
  deviceId: string,
  rangeSeconds: number,
): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${consoleUrl}/devices/${deviceId}?from=now-${Math.round(rangeSeconds)}s`);
  await page.locator('[data-connection="live"]').waitFor();
  return page;
}

/** While the page is open the past comes, as of a device that was away: points that the page heard one by one. */
async function growTo(mqtt: MqttClient, page: Page, database: Stand["database"]): Promise<void> {
  const apartMs = 1000 / usualHz;
  const fromMs = Date.now() - (pointsAChart - 200) * apartMs;
  for (let at = 0; at < pointsAChart - 200; at += messageLimit) {
    const length = Math.min(messageLimit, pointsAChart - 200 - at);
    const readings = Array.from({ length }, (_, step) => valuesAt(fromMs + (at + step) * apartMs));
    await mqtt.publishAsync("devices/charts/telemetry", JSON.stringify(readings), { qos: 1 });
  }
  const stored = async () => {
    const [row] = await database.query<{ n: string }>(
      "SELECT count(*) AS n FROM readings WHERE device_id = 'charts'",
    );
    return Number(row?.n);
  };
  const all = sensorTypes.length * (pointsAChart - 200);
  await until("all is stored", async () => (await stored()) >= all, { withinMs: 120_000 });
  // What is too much to be drawn one by one becomes steps.
  const level = page.locator(".trace-level").last();
  await until("the charts show steps", async () => /mean/.test((await level.textContent()) ?? ""));
}

/** An open loop of one message each time; the function it gives ends it when all are acknowledged. */
function publishEvery(mqtt: MqttClient, hz: number): () => Promise<void> {
  const startMs = performance.now();
  const startedAtMs = Date.now();
  let sent = 0;
  let underWay: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * hz;
    for (; sent < due; sent += 1) {
      const body = JSON.stringify(valuesAt(startedAtMs + (sent * 1000) / hz));
      underWay = mqtt.publishAsync("devices/charts/telemetry", body, { qos: 1 });
    }
  }, 5);
  return async () => {
    clearInterval(timer);
    await underWay;
  };
}

function valuesAt(atMs: number): Readonly<Record<string, number>> {
  const wave = Math.sin(atMs / 9000);
  const jitter = ((Math.imul(Math.round(atMs), 0x9e3779b1) >>> 0) % 100) / 100;
  const values = sensorTypes.map((type, at) => [type, rounded(20 + at + wave + jitter, 2)] as const);
  return { ...Object.fromEntries(values), timestamp: Math.round(atMs * 1000) };
}

function micros(deltasMs: Float64Array): Float64Array {
  return deltasMs.map((ms) => ms * 1000);
}
