import type { KeptSubscription, Qos, SessionListener } from "../broker-commons.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../telemetry.ts";
import type { RedisChannels } from "./channels.ts";
import { commonsKeys, evaluate, listOf, mapOf, sessionChannel, textOf } from "./commons-keys.ts";
import { type RedisClient, redisFailure } from "./connection.ts";
import * as scripts from "./session-scripts.ts";

const checkMs = 1000;
const pageSessions = 500;

interface Change {
  readonly version: number;
  readonly clientId: string;
  readonly subscriptions: readonly KeptSubscription[];
}

/**
 * Follows the subscriptions of kept sessions. Changes come over pub/sub, which may lose some; they are numbered, so a gap is
 * noticed with the next change, or within two seconds, and everything is read anew.
 */
export class SessionFollower {
  readonly #redis: RedisClient;
  readonly #channels: RedisChannels;
  readonly #log: Log;
  #listener: SessionListener | undefined;
  #version = Number.NaN;
  /** Changes that come while everything is read; undefined when nothing is. */
  #pending: Change[] | undefined;
  #wasBehind = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ redis, channels, log }: { redis: RedisClient; channels: RedisChannels; log: Log }) {
    this.#redis = redis;
    this.#channels = channels;
    this.#log = log;
  }

  async follow(listener: SessionListener): Promise<void> {
    this.#listener = listener;
    await this.#channels.hear(sessionChannel, (bytes) => {
      const change = readChange(bytes.toString());
      if (change !== undefined) this.#take(change);
    });
    await this.#readAll();
    this.#timer = setInterval(() => void this.#check(), checkMs).unref();
  }

  /** What this broker changed itself: it counts from the answer on, not from when it is heard. */
  tell(clientId: string, subscriptions: unknown): void {
    this.#listener?.onChange(clientId, toSubscriptions(subscriptions));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listener = undefined;
  }

  #take(change: Change): void {
    if (this.#pending !== undefined) {
      this.#pending.push(change);
      return;
    }
    if (change.version <= this.#version) return;
    const isNext = change.version === this.#version + 1;
    this.#version = change.version;
    this.#listener?.onChange(change.clientId, change.subscriptions);
    if (!isNext) this.#readAgain("a change of a session was missed");
  }

  /** A change may be on its way: only what is missing twice is missed. */
  async #check(): Promise<void> {
    if (this.#pending !== undefined) return;
    const seen = this.#version;
    const version = await this.#redis.get(commonsKeys.version).then(Number, () => undefined);
    if (version === undefined || this.#pending !== undefined) return;
    const isBehind = version !== this.#version && this.#version === seen;
    if (isBehind && this.#wasBehind) this.#readAgain("changes of sessions were missed");
    this.#wasBehind = isBehind;
  }

  #readAgain(why: string): void {
    this.#log.info({ version: this.#version }, why);
    this.#wasBehind = false;
    this.#readAll().catch((error: unknown) => {
      // The next check finds it behind still.
      this.#version = Number.NaN;
      this.#log.debug({ reason: messageOf(error) }, "sessions not read");
    });
  }

  async #readAll(): Promise<void> {
    this.#pending = [];
    try {
      const sessions = new Map<string, readonly KeptSubscription[]>();
      let [cursor, version] = ["0", Number.NaN];
      do {
        const key = commonsKeys.sessions;
        const args = [cursor, pageSessions];
        const page = listOf(
          await evaluate(this.#redis, scripts.paging, { what: "read the sessions", key, args }),
        );
        cursor = textOf(page[0]);
        // What changes after the first page is told, too, and told last.
        if (Number.isNaN(version)) version = Number(textOf(page[1]));
        for (let place = 2; place < page.length; place += 2) {
          sessions.set(textOf(page[place]), toSubscriptions(page[place + 1]));
        }
      } while (cursor !== "0");
      this.#listener?.onAll(sessions);
      this.#version = version;
    } catch (cause) {
      this.#pending = undefined;
      throw redisFailure("read the sessions", cause);
    }
    const pending = this.#pending;
    this.#pending = undefined;
    for (const change of pending) this.#take(change);
  }
}

/** A flat list of filters and qualities of service. */
export function toSubscriptions(answer: unknown): readonly KeptSubscription[] {
  return [...mapOf(answer)].map(([filter, qos]) => ({ filter, qos: toQos(qos) }));
}

function toQos(text: string): Qos {
  return text === "2" ? 2 : text === "1" ? 1 : 0;
}

/** Undefined for what no broker wrote. */
function readChange(text: string): Change | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const [version, clientId, list] = listOf(parsed);
    if (typeof version !== "number" || typeof clientId !== "string") return undefined;
    return { version, clientId, subscriptions: toSubscriptions(list) };
  } catch {
    return undefined;
  }
}
