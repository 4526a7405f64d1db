import { PlatformError } from "../errors.ts";
import { type RedisClient, redisFailure, writeTogether } from "./connection.ts";

/** All keys of the brokers have one hash slot, so that a script may touch any of them, also on a cluster. */
export const commonsPrefix = "{mqtt}:";

export const commonsKeys = {
  /** Hash: the newest sign of life of each broker. */
  brokers: `${commonsPrefix}brokers`,
  /** How often clients arrived at any broker. */
  arrivals: `${commonsPrefix}arrivals`,
  /** Hash: who settles the affairs of a dead broker. */
  graves: `${commonsPrefix}graves`,
  /** Sorted set: kept sessions by when they were last in use, ms. */
  sessions: `${commonsPrefix}sessions`,
  /** How often the subscriptions of kept sessions changed. */
  version: `${commonsPrefix}version`,
  /** The number of the last queued message. */
  queued: `${commonsPrefix}queued`,
  /** Set: the groups that retained messages are kept in. */
  retained: `${commonsPrefix}retained`,
  /** The newest event that a broker took on to announce. */
  announced: `${commonsPrefix}announced`,
} as const;

/** Where the changes of sessions are told. */
export const sessionChannel = `${commonsPrefix}session-changes`;

/** Where one broker hears the others. */
export function channelTo(brokerId: string): string {
  return `${commonsPrefix}to:${brokerId}`;
}

export interface Evaluation {
  /** Ends the sentence "cannot …". */
  readonly what: string;
  readonly key: string;
  readonly args: readonly (string | number | Uint8Array)[];
}

/**
 * Runs a script; texts in its answer are bytes.
 * @throws PlatformError STREAM_DOWN or STREAM_FULL.
 */
export async function evaluate(
  redis: RedisClient,
  script: string,
  { what, key, args }: Evaluation,
): Promise<unknown> {
  const values = args.map((arg) =>
    arg instanceof Uint8Array ? Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength) : arg,
  );
  writeTogether(redis);
  try {
    // EVAL, not EVALSHA: a script that the server has forgotten would be sent again behind those that came after it.
    return await redis.callBuffer("eval", script, 1, key, ...values);
  } catch (cause) {
    throw cause instanceof PlatformError ? cause : redisFailure(what, cause);
  }
}

/** A list in the answer of a script; anything else is an empty one. */
export function listOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}

/** The text in an answer; nothing is the empty text. */
export function textOf(answer: unknown): string {
  return answer === null || answer === undefined ? "" : String(answer);
}

/** A flat list of names and values as a map. */
export function mapOf(answer: unknown): Map<string, string> {
  const flat = listOf(answer).map(textOf);
  return new Map(
    Array.from({ length: flat.length / 2 }, (_, place) => [flat[2 * place] ?? "", flat[2 * place + 1] ?? ""]),
  );
}
