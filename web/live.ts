import type { Server as HttpServer } from "node:http";
import { Server, type Socket } from "socket.io";
import type { EventStream, Running } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import {
  type BrowserEvents,
  type LivePoint,
  type LiveReadings,
  type ServerEvents,
  watchLimit,
} from "../schema/event.ts";

type LiveServer = Server<BrowserEvents, ServerEvents>;
type Browser = Socket<BrowserEvents, ServerEvents>;

export interface LiveDeps {
  readonly http: HttpServer;
  readonly events: EventStream;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Ordinary readings go out this often at most; an anomaly takes what waits with it at once. */
const batchMs = 100;
/** Most events a browser that comes back is sent; beyond it the page asks the API anyway. */
const replayLimit = 500;
const everything = "events";

/** Starts the push to browsers: every event to all of them, readings to those who watch the device. */
export async function startLive({ http, events, log, metrics }: LiveDeps): Promise<Running> {
  const io: LiveServer = new Server(http, {
    serveClient: false,
    transports: ["websocket"],
    maxHttpBufferSize: 65_536,
  });
  io.on("connection", (browser: Browser) => {
    metrics.browsers.inc();
    browser.on("disconnect", () => metrics.browsers.dec());
    greet(browser, events, log);
  });
  const outbox = new Outbox(io);
  const subscription = await events.subscribe({
    onEvent: (numbered) => {
      outbox.flush();
      io.to(everything).emit("event", numbered);
    },
    onReadings: (batch) => outbox.add(batch),
  });
  return {
    stop: async () => {
      await subscription.stop();
      outbox.stop();
      await io.close();
    },
  };
}

function greet(browser: Browser, events: EventStream, log: Log): void {
  browser.on("watch", (deviceIds: unknown) => {
    for (const room of browser.rooms) if (room.startsWith("device:")) void browser.leave(room);
    if (!Array.isArray(deviceIds)) return;
    for (const deviceId of deviceIds.slice(0, watchLimit)) void browser.join(roomOf(String(deviceId)));
  });
  browser.on("resume", (sinceId: unknown, answer: unknown) => {
    resume(browser, events, sinceId).then(
      (newestId) => typeof answer === "function" && answer(newestId),
      (error: unknown) => log.warn({ err: error }, "browser not resumed"),
    );
  });
}

/**
 * Joins first and reads the missed events then, so none falls between; those that come twice have the same id. The newest id is
 * taken last, so it is never ahead of what was sent.
 */
async function resume(browser: Browser, events: EventStream, sinceId: unknown): Promise<string | null> {
  await browser.join(everything);
  if (typeof sinceId !== "string") return events.newestId();
  const missed = await events.since(sinceId, replayLimit);
  for (const numbered of missed) browser.emit("event", numbered);
  return missed.at(-1)?.id ?? sinceId;
}

function roomOf(deviceId: string): string {
  return `device:${deviceId}`;
}

/** Gathers live readings for a moment: a browser draws ten times a second, so sending more often only costs. */
class Outbox {
  readonly #io: LiveServer;
  readonly #waiting = new Map<string, LivePoint[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(io: LiveServer) {
    this.#io = io;
  }

  add(batch: readonly LiveReadings[]): void {
    let isUrgent = false;
    for (const { deviceId, readings } of batch) {
      // Nobody looks at most devices; theirs are not gathered at all.
      if (!this.#io.sockets.adapter.rooms.has(roomOf(deviceId))) continue;
      const waiting = this.#waiting.get(deviceId);
      if (waiting === undefined) this.#waiting.set(deviceId, [...readings]);
      else waiting.push(...readings);
      isUrgent ||= readings.some(([, , , , isAnomaly]) => isAnomaly === 1);
    }
    if (isUrgent) this.flush();
    else if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.flush(), batchMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [deviceId, readings] of this.#waiting) {
      this.#io.to(roomOf(deviceId)).emit("readings", [{ deviceId, readings }]);
    }
    this.#waiting.clear();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }
}
