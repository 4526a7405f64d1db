import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import type { BrowserContext, Page } from "playwright-core";
import { launchChromium } from "../tests/harness/chromium.ts";
import { temporaryFolder, until } from "../tests/harness/local-servers.ts";
import { portOf, startProgram } from "../tests/harness/program.ts";
import { measuredOn } from "../tests/harness/twin.ts";
import { withStand } from "./console-stand.ts";
import { printTable } from "./table.ts";

/** Slow enough for all of it to be in the table beside the chart, which is what is compared. */
const watchedEveryMs = 400;
const otherNames = Array.from({ length: 200 }, (_, at) => `other-${at}`);
const othersEveryMs = 200;
const beforeMs = 10_000;
const outageMs = 30_000;
const afterMs = 10_000;
const againMs = 200;

/** A platform of which the part that serves the console can be killed. */
interface Subject {
  readonly mqttUrl: string;
  readonly consoleUrl: string;
  readonly browser: BrowserContext;
  kill(): Promise<void>;
  startAgain(): Promise<void>;
  /** What the database has of the watched device, oldest first. */
  stored(): Promise<readonly string[]>;
}

/**
 * A console with a device open while its server is gone for half a minute (kill -9) and devices publish on with QoS 1: how soon it says so,
 * and whether it has every reading that the database has, once, when the server is back. With servers only the web service dies; embedded, the
 * broker dies with it, and the devices keep what it did not acknowledge. `outage server` and `outage embedded` measure one of the two.
 */
export async function outageBench(modes: readonly string[]): Promise<void> {
  const isAsked = (mode: string): boolean => modes.length === 0 || modes.includes(mode);
  const rows: Readonly<Record<string, number | string>>[] = [];
  if (isAsked("server"))
    await withStand(async ({ mqttPort, consoleUrl, database, browser, killWeb, startWebAgain }) => {
      const stored = async () => {
        const readings = await database.query<{ value: number }>(
          "SELECT value FROM readings WHERE device_id = 'watched' ORDER BY ts",
        );
        return readings.map(({ value }) => idOf(value));
      };
      const mqttUrl = `mqtt://127.0.0.1:${mqttPort}`;
      const subject = { mqttUrl, consoleUrl, browser, kill: killWeb, startAgain: startWebAgain, stored };
      rows.push(told({ mode: "server", ...(await measure(subject)) }));
    });
  if (isAsked("embedded"))
    await withEmbedded(async (subject) => {
      rows.push(told({ mode: "embedded", ...(await measure(subject)) }));
    });
  printTable(`the server is gone for ${outageMs / 1000} s`, rows);
  process.stdout.write(`${JSON.stringify({ bench: "outage", outageMs, rows })}\n`);
}

/** At once, so that what was measured stays when the next mode fails. */
function told<Row extends object>(row: Row): Row {
  process.stdout.write(`${JSON.stringify(row)}\n`);
  return row;
}

async function withEmbedded(run: (subject: Subject) => Promise<void>): Promise<void> {
  const folder = temporaryFolder("outage");
  const profile = mkdtempSync(join(tmpdir(), "tidemark-chromium-"));
  const settings = { DATA_DIR: folder };
  let program = startProgram([], settings);
  const browser = await launchChromium(profile);
  try {
    const { mqtt: mqttUrl = "", console: consoleUrl = "" } = await program.ready();
    const ports = { MQTT_PORT: `${portOf(mqttUrl)}`, HTTP_PORT: `${portOf(consoleUrl)}` };
    await run({
      ...{ mqttUrl, consoleUrl, browser },
      kill: () => program.kill("SIGKILL"),
      async startAgain() {
        program = startProgram([], { ...settings, ...ports });
        await program.ready();
      },
      async stored() {
        const from = new Date(Date.now() - 600_000).toISOString();
        const text = await (
          await fetch(`${consoleUrl}/api/v1/export.csv?device=watched&from=${from}`)
        ).text();
        const [head = "", ...lines] = text.trim().split(/\r?\n/);
        const at = head.split(",").indexOf("value");
        return lines.map((line) => idOf(Number(line.split(",")[at])));
      },
    });
  } finally {
    await browser.close();
    await program.kill("SIGKILL");
    for (const used of [folder, profile]) rmSync(used, { recursive: true, force: true });
  }
}

async function measure({ mqttUrl, consoleUrl, browser, ...server }: Subject) {
  const watched = await connectDevice(mqttUrl, "watched");
  const others = await Promise.all(otherNames.map((name) => connectDevice(mqttUrl, name)));
  const page = await browser.newPage();
  const load = startLoad(watched, others);
  await page.goto(`${consoleUrl}/devices/watched`);
  await page.locator(".trace").first().waitFor();
  await page.keyboard.press("t");
  await page.locator(".twin table").waitFor();
  await pause(beforeMs);

  await server.kill();
  const killedMs = performance.now();
  await page.getByText(/Connection lost \d+ s ago/).waitFor();
  const bannerMs = performance.now() - killedMs;
  await page.locator("html[data-stale]").waitFor();
  const staleMs = performance.now() - killedMs;
  await pause(outageMs - (performance.now() - killedMs));

  await server.startAgain();
  const backMs = performance.now();
  await page.locator('[data-connection="live"]').waitFor();
  const connectedMs = performance.now();
  // What was measured until now; the broker has taken it, or will as soon as the devices are with it again.
  const due = load.watched();
  await until("the page is complete", async () => (await dotsOf(page)) >= due, {
    ...{ everyMs: 10, withinMs: 120_000 },
  });
  const completeMs = performance.now();
  await pause(afterMs);

  const sent = await load.end();
  await until("all is stored", async () => (await server.stored()).length >= sent.length, {
    withinMs: 120_000,
  });
  await until("all is shown", async () => (await dotsOf(page)) >= sent.length).catch(() => undefined);
  const [stored, shown] = [await server.stored(), await measuredOn(page, "temperature")];
  await Promise.all([page.close(), ...[watched, ...others].map(({ mqtt }) => mqtt.endAsync())]);
  return {
    ...{ bannerMs: Math.round(bannerMs), staleMs: Math.round(staleMs) },
    ...{ backToConnectedMs: Math.round(connectedMs - backMs) },
    ...{ connectedToCompleteMs: Math.round(completeMs - connectedMs) },
    ...{ sent: sent.length, stored: stored.length, shown: shown.length },
    missing: stored.filter((id) => !shown.includes(id)).length,
    doubled: shown.length - new Set(shown).size,
  };
}

async function dotsOf(page: Page): Promise<number> {
  return Number(await page.locator(".trace").first().getAttribute("data-dots"));
}

interface Device {
  readonly name: string;
  readonly mqtt: MqttClient;
}

/** Each has a connection of its own: MQTT.js sends what was not acknowledged one after the other when it is back. */
async function connectDevice(mqttUrl: string, name: string): Promise<Device> {
  return { name, mqtt: await connectAsync(mqttUrl, { clientId: name, reconnectPeriod: 200 }) };
}

/** The device that is watched, whose values are ids, among others that keep the platform busy. */
function startLoad(watched: Device, others: readonly Device[]) {
  const sent: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  const publish = ({ name, mqtt }: Device, temperature: number): void => {
    const body = JSON.stringify({ temperature, timestamp: Date.now() * 1000 });
    const one = deliver(mqtt, `devices/${name}/telemetry`, body).finally(() => underWay.delete(one));
    underWay.add(one);
  };
  const timers = [
    setInterval(() => {
      const id = idOf(20 + sent.length / 100);
      sent.push(id);
      publish(watched, Number(id));
    }, watchedEveryMs),
    setInterval(() => {
      for (const [at, device] of others.entries()) publish(device, 20 + (at % 7) / 10);
    }, othersEveryMs),
  ];
  return {
    watched: () => sent.length,
    async end(): Promise<readonly string[]> {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(underWay);
      return sent;
    },
  };
}

/** As a device does that keeps a reading until it is acknowledged, on this connection or on a later one. */
async function deliver(mqtt: MqttClient, topic: string, body: string): Promise<void> {
  for (;;) {
    const isTaken = await mqtt.publishAsync(topic, body, { qos: 1 }).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
    await pause(againMs);
  }
}

function idOf(value: number): string {
  return value.toFixed(2);
}
