import type { Server as HttpServer } from "node:http";
import { Server, type Socket } from "socket.io";
import type { EventStream, Running } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import {
  type BrowserEvent,
  type BrowserEvents,
  type Hint,
  isForBrowsers,
  pingEveryMs,
  pingTimeoutMs,
  type ServerEvents,
  watchLimit,
} from "../schema/event.ts";
import { type LiveGuardDeps, openLiveGuard } from "./live-guard.ts";
import { Outbox } from "./outbox.ts";

type LiveServer = Server<BrowserEvents, ServerEvents>;
type Browser = Socket<BrowserEvents, ServerEvents>;

export interface LiveDeps extends LiveGuardDeps {
  readonly http: HttpServer;
  readonly events: EventStream;
  /** Hears every hint, too. */
  readonly onHint: (hint: Hint) => void;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** So soon after a session or a token has ended, at the latest, what it opened is closed. */
const lookEveryMs = 2000;

/** Most events a browser that comes back is sent; beyond it the page asks the API anyway. */
const replayLimit = 500;
const everything = "events";
/** The room of all charts on pages elsewhere. */
const embeds = "embeds";

/** Starts the push to browsers: every event to all of them, readings to those who watch the device. */
export async function startLive(deps: LiveDeps): Promise<Running> {
  const { http, events, onHint, log, metrics } = deps;
  const liveGuard = openLiveGuard(deps);
  // Nobody listens to what befalls the socket of a handshake until it is known whose it is, and an error that nobody hears ends a process.
  http.on("upgrade", (_request, socket) => socket.on("error", () => undefined));
  const io: LiveServer = new Server(http, {
    serveClient: false,
    transports: ["websocket"],
    maxHttpBufferSize: 65_536,
    pingInterval: pingEveryMs,
    pingTimeout: pingTimeoutMs,
    allowRequest: liveGuard.allowRequest,
  });
  io.on("connection", (browser: Browser) => {
    metrics.browsers.inc();
    browser.on("disconnect", () => metrics.browsers.dec());
    greet(browser, { events, log, only: liveGuard.deviceOf(browser.request) });
  });
  const outbox = new Outbox({
    isWatched: (deviceId) => io.sockets.adapter.rooms.has(roomOf(deviceId)),
    send: (readings) => io.to(roomOf(readings.deviceId)).emit("readings", [readings]),
  });
  const subscription = await events.subscribe({
    onEvent: (numbered) => {
      if (!isForBrowsers(numbered)) return;
      outbox.flush(numbered.event.deviceId);
      io.to(everything).emit("event", numbered);
      const { event } = numbered;
      if (isForEmbeds(event, event.deviceId)) io.to(anomaliesOf(event.deviceId)).emit("event", numbered);
    },
    onReadings: (batch) => outbox.add(batch),
    onHint: (hint) => {
      onHint(hint);
      if (hint.kind !== "presence") return;
      // Whether a device is there is nothing for a chart on a page elsewhere.
      for (const change of hint.changes)
        io.to(roomOf(change.deviceId)).except(embeds).emit("presence", [change]);
    },
  });
  const look = async (): Promise<void> => {
    const browsers = [...io.sockets.sockets.values()];
    const ended = await liveGuard.ended(browsers.map(({ request }) => request));
    for (const browser of browsers) if (ended.has(browser.request)) browser.disconnect(true);
  };
  const looks = repeat(lookEveryMs, () =>
    look().catch((error: unknown) => log.warn({ err: error }, "sessions not looked after")),
  );
  return {
    stop: async () => {
      looks.stop();
      await subscription.stop();
      outbox.stop();
      await io.close();
    },
  };
}

interface Welcome {
  readonly events: EventStream;
  readonly log: Log;
  /** The one device it may hear of; undefined: all of them. */
  readonly only: string | undefined;
}

function greet(browser: Browser, { events, log, only }: Welcome): void {
  if (only !== undefined) void browser.join(embeds);
  // Whoever may look can send anything here.
  const mayWatch = (wished: unknown): wished is string =>
    typeof wished === "string" && (only === undefined || wished === only);
  browser.on("watch", (deviceIds: unknown) => {
    for (const room of browser.rooms) if (room.startsWith("device:")) void browser.leave(room);
    if (!Array.isArray(deviceIds)) return;
    for (const deviceId of deviceIds.slice(0, watchLimit).filter(mayWatch))
      void browser.join(roomOf(deviceId));
  });
  browser.on("resume", (sinceId: unknown, answer: unknown) => {
    resume(browser, { events, only, sinceId }).then(
      (newestId) => typeof answer === "function" && answer(newestId),
      (error: unknown) => log.warn({ err: error }, "browser not resumed"),
    );
  });
}

/**
 * Joins first and reads the missed events then, so none falls between; those that come twice have the same id. The newest id is
 * taken last, so it is never ahead of what was sent.
 */
async function resume(
  browser: Browser,
  { events, only, sinceId }: Omit<Welcome, "log"> & { readonly sinceId: unknown },
): Promise<string | null> {
  await browser.join(only === undefined ? everything : anomaliesOf(only));
  if (typeof sinceId !== "string") return events.newestId();
  const missed = await events.since(sinceId, replayLimit);
  for (const numbered of missed) {
    if (!isForBrowsers(numbered)) continue;
    if (only === undefined || isForEmbeds(numbered.event, only)) browser.emit("event", numbered);
  }
  return missed.at(-1)?.id ?? sinceId;
}

/** A chart on a page elsewhere hears of the anomalies of its device; who acknowledged an alarm is nothing for its readers. */
function isForEmbeds({ kind, deviceId }: BrowserEvent, only: string): boolean {
  return kind === "anomaly" && deviceId === only;
}

function anomaliesOf(deviceId: string): string {
  return `anomalies:${deviceId}`;
}

function roomOf(deviceId: string): string {
  return `device:${deviceId}`;
}

/** Does a piece of work again and again, the next time when the last is done. */
function repeat(everyMs: number, work: () => Promise<void>): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const plan = (): void => {
    if (!isStopped) timer = setTimeout(() => void work().finally(plan), everyMs);
  };
  plan();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
