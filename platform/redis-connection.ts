import { Redis } from "ioredis";
import { withoutPassword } from "./config.ts";
import { messageOf, PlatformError } from "./errors.ts";
import type { Log } from "./telemetry.ts";

/** How long a command may take before its caller hears that Redis is away. */
export const commandTimeoutMs = 5000;

/**
 * Connects to Redis for commands that must fail at once while it is away: nothing is queued, nothing is sent twice behind the
 * caller's back. Reconnects by itself.
 * @throws PlatformError STREAM_DOWN when the first connection fails.
 */
export async function connectRedis(url: string, log: Log, options: { blocking: boolean }): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: commandTimeoutMs,
    keepAlive: 10_000,
    // A blocked read is answered when there is something to read; only others can be late.
    ...(options.blocking ? {} : { commandTimeout: commandTimeoutMs }),
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
  });
  let isAway = true;
  redis.on("error", (error: unknown) => {
    if (!isAway) log.warn({ reason: messageOf(error) }, "redis away");
    isAway = true;
  });
  redis.on("ready", () => {
    isAway = false;
  });
  try {
    await redis.connect();
  } catch (cause) {
    redis.disconnect();
    throw new PlatformError(
      "STREAM_DOWN",
      `cannot reach Redis at ${withoutPassword(url)} (REDIS_URL): ${messageOf(cause)}`,
      {
        cause,
        retryable: false,
      },
    );
  }
  return redis;
}

/**
 * Awaits the answer to a blocking command. A server that is silent for longer than it was asked to wait has lost this connection
 * without a word: it is then made anew, and the command rejects.
 */
export async function answered<T>(redis: Redis, blockMs: number, answer: Promise<T>): Promise<T> {
  const patience = setTimeout(() => redis.disconnect(true), blockMs + commandTimeoutMs);
  try {
    return await answer;
  } finally {
    clearTimeout(patience);
  }
}

/**
 * The entries in the answer to an XREAD of one stream. RESP2 answers `[[key, entries]]`; RESP3, which this client speaks, a map
 * that arrives as `[key, entries]` or an object.
 */
export function entriesOf(answer: unknown): readonly unknown[] {
  if (answer === null || answer === undefined) return [];
  const streams: unknown[] = Array.isArray(answer) ? answer : Object.entries(answer);
  const [first, second] = streams;
  const list: unknown = Array.isArray(first) ? first[1] : second;
  return Array.isArray(list) ? list : [];
}

/** What a failed Redis command means to the caller. */
export function redisFailure(what: string, cause: unknown): PlatformError {
  const isFull = messageOf(cause).startsWith("OOM");
  const message = `cannot ${what}: ${messageOf(cause)}`;
  return new PlatformError(isFull ? "STREAM_FULL" : "STREAM_DOWN", message, { cause, retryable: true });
}
