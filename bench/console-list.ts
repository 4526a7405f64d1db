import type { Page } from "playwright-core";
import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { until } from "../tests/harness/local-servers.ts";
import { type Gauge, gaugeOf, type Stand } from "./console-stand.ts";
import { runLoad } from "./mqtt-load.ts";
import { percentilesOf } from "./percentiles.ts";
import { reached } from "./pipe.ts";

/** One device is the baseline. */
const sizes = [1, 400, 1000, 10_000] as const;
const reloads = 20;
const messagesADevice = 3;
const mostConnections = [20, 19] as const;

/** Runs in the page before anything of it: when the frame after the one with the first row began, from the beginning of the navigation. */
const noteFirstRow = `(() => {
  const look = () => {
    if (document.querySelector(".rows [data-device]") === null) requestAnimationFrame(look);
    else requestAnimationFrame(() => { window.firstRowMs = performance.now(); });
  };
  requestAnimationFrame(look);
})()`;

/** The list of devices with more and more of them, which came by MQTT: how fast it is there, and what it weighs. */
export async function listFigures(stand: Stand) {
  const page = await stand.browser.newPage();
  const gauge = await gaugeOf(page);
  await page.addInitScript(noteFirstRow);
  const rows = [];
  let known = 0;
  for (const devices of sizes) {
    await publish(stand, known, devices);
    known = devices;
    rows.push({ devices, ...(await measure(page, gauge, stand.consoleUrl)) });
  }
  await page.close();
  return rows;
}

async function publish({ mqttPort, database }: Stand, from: number, to: number): Promise<void> {
  // As many for each.
  const connections = mostConnections.find((some) => (to - from) % some === 0) ?? 1;
  const ofConnection = (to - from) / connections;
  const stored = async () => {
    const [row] = await database.query<{ n: string }>("SELECT coalesce(sum(stored), 0) AS n FROM custody");
    return Number(row?.n);
  };
  const before = await stored();
  const startUs = Date.now() * 1000;
  const { acknowledged } = await runLoad({
    ...{ port: mqttPort, connections, window: 100, messages: (to - from) * messagesADevice },
    deviceOf: (connection, index) => `device-${from + connection + connections * (index % ofConnection)}`,
    topicOf: telemetryTopic,
    payloadOf: (index) =>
      JSON.stringify({
        ...{ temperature: 22 + (index % 100) / 100, humidity: 50 + (index % 10) / 10 },
        timestamp: formatTimestamp(startUs + index),
      }),
  });
  await reached(stored, before + acknowledged * 2);
}

async function measure(page: Page, gauge: Gauge, consoleUrl: string) {
  // As the first visit of a browser, and then as a reload by somebody who was there before.
  await gauge.session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.goto(`${consoleUrl}/devices`);
  await isShown(page);
  const firstKb = gauge.receivedKb();
  await gauge.session.send("Network.setCacheDisabled", { cacheDisabled: false });
  const tookUs: number[] = [];
  const receivedKb: number[] = [];
  for (let round = 0; round <= reloads; round += 1) {
    await page.reload();
    const shownMs = await isShown(page);
    const kb = gauge.receivedKb();
    // The first one fills the cache.
    if (round === 0) continue;
    tookUs.push(shownMs * 1000);
    receivedKb.push(kb);
  }
  const { p50, p95 } = percentilesOf(Float64Array.from(tookUs));
  const { heapMb, nodes } = await gauge.held();
  await scrollToTheEnd(page);
  const atEnd = await gauge.held();
  return {
    ...{ p50, p95, firstKb, reloadKb: Math.max(...receivedKb), nodes, heapMb },
    ...{ nodesAtEnd: atEnd.nodes, heapMbAtEnd: atEnd.heapMb },
  };
}

/** Waits for the first row, and for the small lines of the rows in the window; when the first row was seen, in milliseconds. */
async function isShown(page: Page): Promise<number> {
  const isWhole = `window.firstRowMs !== undefined &&
    [...document.querySelectorAll(".row-spark path")].every((line) => line.getAttribute("d") !== "")`;
  await until("the list is whole", async () => (await page.evaluate(isWhole)) === true);
  return Number(await page.evaluate("window.firstRowMs"));
}

/** To the last device, through all that are loaded on the way. */
async function scrollToTheEnd(page: Page): Promise<void> {
  const hasMore = `(() => {
    const list = document.querySelector(".rows-scroll");
    list.scrollTop = list.scrollHeight;
    return list.getAttribute("aria-rowcount") === "-1" || list.scrollTop + list.clientHeight < list.scrollHeight - 2;
  })()`;
  await until("the end of the list is reached", async () => (await page.evaluate(hasMore)) === false, {
    withinMs: 120_000,
  });
}
