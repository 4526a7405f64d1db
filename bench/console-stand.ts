import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { launchChromium } from "../tests/harness/chromium.ts";
import { type Program, portOf, startProgram } from "../tests/harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../tests/harness/test-database.ts";
import { withServers } from "./pipe.ts";

/** Broker, processor and web as processes on a Redis and a PostgreSQL, and Chromium to look at their console with. */
export interface Stand {
  readonly mqttPort: number;
  readonly consoleUrl: string;
  readonly database: TestDatabase;
  readonly browser: BrowserContext;
  killWeb(): Promise<void>;
  /** Starts the web service where it was killed; resolves when it is ready. */
  startWebAgain(): Promise<void>;
}

export async function withStand(run: (stand: Stand) => Promise<void>): Promise<void> {
  await withServers(async ({ databaseUrl, redis }) => {
    const profile = mkdtempSync(join(tmpdir(), "tidemark-chromium-"));
    const database = await createTestDatabase(databaseUrl);
    const settings = { DATABASE_URL: database.url, REDIS_URL: redis.url };
    const start = (service: string, more = {}): Program => startProgram([service], { ...settings, ...more });
    const others = [start("processor"), start("broker")];
    let web = start("web");
    const browser = await launchChromium(profile);
    try {
      const [, broker] = await Promise.all(others.map((program) => program.ready()));
      const { console: consoleUrl = "" } = await web.ready();
      await run({
        ...{ mqttPort: portOf(broker?.["mqtt"]), consoleUrl, database, browser },
        killWeb: () => web.kill("SIGKILL"),
        async startWebAgain() {
          web = start("web", { WEB_PORT: `${portOf(consoleUrl)}` });
          await web.ready();
        },
      });
    } finally {
      await browser.close();
      await Promise.all([...others, web].map((program) => program.kill("SIGTERM")));
      await database.drop();
      rmSync(profile, { recursive: true, force: true });
    }
  });
}

/** What Chromium itself says of a page. */
export interface Gauge {
  /** Live JavaScript objects after garbage was collected, MB, and every node that is still held, texts included. */
  held(): Promise<{ readonly heapMb: number; readonly nodes: number }>;
  /** Bytes that came over the wire since it was last asked, kB: documents, scripts and answers. */
  receivedKb(): number;
  readonly session: CDPSession;
}

export async function gaugeOf(page: Page): Promise<Gauge> {
  const session = await page.context().newCDPSession(page);
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await session.send("Network.enable");
  await session.send("Performance.enable");
  return {
    session,
    async held() {
      // The second one collects what the first one's finalisers let go of.
      for (let round = 0; round < 2; round += 1) await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
      return { heapMb: rounded(metric("JSHeapUsedSize") / 1e6, 2), nodes: metric("Nodes") };
    },
    receivedKb() {
      const received = bytes;
      bytes = 0;
      return Math.round(received / 1000);
    },
  };
}

/** Milliseconds between the frames of a page, over so many seconds. */
export async function frames(page: Page, seconds: number): Promise<Float64Array> {
  // In the page, as text, since nothing else here knows of documents.
  const deltas = (await page.evaluate(`new Promise((resolve) => {
    const deltas = [];
    let lastMs = performance.now();
    const endMs = lastMs + ${seconds * 1000};
    const look = (nowMs) => {
      deltas.push(nowMs - lastMs);
      lastMs = nowMs;
      if (nowMs < endMs) requestAnimationFrame(look); else resolve(deltas.slice(1));
    };
    requestAnimationFrame(look);
  })`)) as readonly number[];
  return Float64Array.from(deltas);
}

export function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
