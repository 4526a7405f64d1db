import { Cluster, Redis, type RedisOptions } from "ioredis";
import { withoutPassword } from "../config.ts";
import { messageOf, PlatformError } from "../errors.ts";
import type { Log } from "../telemetry.ts";
import { connectCluster, isClusterNode, nodesOf } from "./cluster.ts";

/** A connection to a Redis that stands alone, or the connections to a cluster: every key of a command then has one slot. */
export type RedisClient = Redis | Cluster;

/** How long a command may take before its caller hears that Redis is away. */
export const commandTimeoutMs = 5000;

interface Connecting {
  /** For commands that wait in Redis: no time limit (see `answered`), and one command at a time. */
  readonly blocking: boolean;
  /** A client of the same Redis: the new one asks nobody what Redis is, and finds a cluster whose named node is gone. */
  readonly near?: RedisClient;
}

/**
 * Connects to Redis for commands that must fail at once while it is away: nothing is queued, nothing is sent twice behind the
 * caller's back. Reconnects by itself. A server that is a node of a cluster stands for the cluster.
 * @throws PlatformError STREAM_DOWN when the first connection fails, CONFIG_INVALID for a database that a cluster does not have.
 */
export async function connectRedis(
  url: string,
  log: Log,
  { blocking, near }: Connecting,
): Promise<RedisClient> {
  const redis = new Redis(url, {
    ...connectionOptions(blocking),
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryMs,
  });
  try {
    if (near instanceof Cluster) return await connectToCluster(redis, log, { blocking, near });
    warnOfAbsence(redis, log);
    await redis.connect();
    if (near !== undefined || !(await isClusterNode(redis))) return redis;
    redis.disconnect();
    return await connectToCluster(redis, log, { blocking });
  } catch (cause) {
    redis.disconnect();
    if (cause instanceof PlatformError) throw cause;
    const where = `${withoutPassword(url)} (REDIS_URL)`;
    throw new PlatformError("STREAM_DOWN", `cannot reach Redis at ${where}: ${messageOf(cause)}`, {
      cause,
      retryable: false,
    });
  }
}

/** What holds for every connection, to a server alone or to a node. */
function connectionOptions(blocking: boolean) {
  return {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: commandTimeoutMs,
    keepAlive: 10_000,
    // A blocked read is answered when there is something to read; only others can be late.
    ...(blocking ? {} : { commandTimeout: commandTimeoutMs }),
  } satisfies RedisOptions;
}

/** Sockets that hold back what is written until the end of this turn. */
const gathering = new WeakSet<object>();

/** What is commanded in one turn of the loop goes to a server alone in one write; ioredis makes one of each command. */
export function writeTogether(redis: RedisClient): void {
  if (redis instanceof Cluster || gathering.has(redis.stream)) return;
  const { stream } = redis;
  gathering.add(stream);
  stream.cork();
  process.nextTick(() => {
    gathering.delete(stream);
    stream.uncork();
  });
}

/** The servers that hold the data: one, or the masters of a cluster. */
export function mastersOf(redis: RedisClient): readonly Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

function retryMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), 2000);
}

function connectToCluster(named: Redis, log: Log, { blocking, near }: Connecting): Promise<Cluster> {
  const { host, port, username, password, tls, family, db } = named.options;
  if (db !== undefined && db !== 0) {
    const message = `REDIS_URL names database ${db}, and a Redis Cluster has only 0: leave it out`;
    throw new PlatformError("CONFIG_INVALID", message, { retryable: false });
  }
  return connectCluster({
    seeds: [{ host, port }, ...(near instanceof Cluster ? nodesOf(near) : [])],
    nodeOptions: { ...connectionOptions(blocking), username, password, tls, family },
    retryMs,
    isLazy: blocking,
    log,
  });
}

function warnOfAbsence(redis: Redis, log: Log): void {
  let isAway = true;
  redis.on("error", (error: unknown) => {
    if (!isAway) log.warn({ reason: messageOf(error) }, "redis away");
    isAway = true;
  });
  redis.on("ready", () => {
    isAway = false;
  });
}

/**
 * Awaits the answer to a blocking command. A server that is silent for longer than it was asked to wait has lost this connection
 * without a word: it is then made anew, and the command rejects.
 */
export async function answered<T>(redis: RedisClient, blockMs: number, answer: Promise<T>): Promise<T> {
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
