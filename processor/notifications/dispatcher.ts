import { messageOf } from "../../platform/errors.ts";
import type { NotificationStore, TakenMessage } from "../../platform/notifications/notification-ports.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import { pauseAfter } from "./backoff.ts";
import { type Messengers, NotTaken } from "./messengers.ts";

export interface DispatcherDeps {
  readonly store: NotificationStore;
  readonly messengers: Messengers;
  readonly timeoutMs: number;
  /** After so many a message is given up. */
  readonly mostAttempts: number;
  /** 0 to 1. */
  readonly dice: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Routes that one processor sends for at a time. */
const mostAtOnce = 16;
/** Beyond its timeout a message stays with its sender for so long, to note what became of it. */
const spareMs = 5000;

/**
 * Sends what is due. Each route in hand has a sender of its own, so a slow receiver holds up nobody else. A message is marked after it
 * was sent: killed in between, it is sent again, by whoever, with the same id.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #sending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** Begins to send what is due and not in hand yet; does not wait for it. */
  async look(): Promise<void> {
    while (this.#sending.size < mostAtOnce && !this.#stopping.signal.aborted) {
      const message = await this.#take();
      if (message === null) return;
      if (this.#stopping.signal.aborted) return await this.#deps.store.giveBack(message);
      const sending = this.#sendAll(message).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
  }

  /** Breaks off what is under way and gives it back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#sending);
    this.#deps.messengers.close();
  }

  #take(): Promise<TakenMessage | null> {
    return this.#deps.store.take(this.#deps.timeoutMs + spareMs);
  }

  /** A message, and then whatever else is due, so that a burst need not wait for the next look. */
  async #sendAll(first: TakenMessage): Promise<void> {
    try {
      let message: TakenMessage | null = first;
      while (message !== null) {
        await this.#send(message);
        message = this.#stopping.signal.aborted ? null : await this.#take();
      }
    } catch (error) {
      // The database is away: the lease ends by itself, and the message is sent again.
      this.#deps.log.warn({ reason: messageOf(error) }, "notification not noted");
    }
  }

  async #send(message: TakenMessage): Promise<void> {
    const { store, messengers, timeoutMs, log, metrics } = this.#deps;
    const { id, route, attempts } = message;
    const { channel } = route;
    if (this.#stopping.signal.aborted) return await store.giveBack(message);
    const startedMs = performance.now();
    // Not AbortSignal.timeout: held by AbortSignal.any alone, Node 20 collects it as garbage, and it never strikes.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const signal = AbortSignal.any([this.#stopping.signal, late.signal]);
    try {
      await inTime(messengers[channel](message, signal), signal);
    } catch (error) {
      if (this.#stopping.signal.aborted) return await store.giveBack(message);
      return await this.#fail(message, error, late.signal.aborted);
    } finally {
      clearTimeout(timer);
    }
    await store.sent(message);
    metrics.notifications.inc({ channel, outcome: "sent" });
    const tookMs = Math.round(performance.now() - startedMs);
    log.info({ notification: id, route: route.name, channel, attempts, tookMs }, "notification sent");
  }

  async #fail(message: TakenMessage, error: unknown, isLate: boolean): Promise<void> {
    const { store, timeoutMs, mostAttempts, dice, log, metrics } = this.#deps;
    const { id, route, attempts, content } = message;
    const { name, channel } = route;
    const reason = isLate ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
    const isOver = content.kind === "test" || attempts >= mostAttempts;
    const pause = Math.max(
      pauseAfter(attempts, dice()),
      error instanceof NotTaken ? (error.pauseMs ?? 0) : 0,
    );
    await store.failed(message, { reason, retryMs: isOver ? null : pause });
    metrics.notifications.inc({ channel, outcome: isOver ? "dead" : "failed" });
    const fields = { notification: id, route: name, channel, attempts, reason };
    if (isOver) log.error(fields, "notification given up");
    else log.warn({ ...fields, againInMs: pause }, "notification not sent yet");
  }
}

/** What a messenger does not break off by itself is waited for no longer. */
async function inTime(sending: Promise<void>, signal: AbortSignal): Promise<void> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
  });
  try {
    await Promise.race([sending, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Some errors of connections have no message, such as those of a name with several addresses. */
function reasonOf(error: unknown): string {
  const reason = messageOf(error);
  const inner = error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : "";
  return (reason || inner || "it failed without a word").slice(0, 500);
}
