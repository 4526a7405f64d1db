import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import { createRedis, temporaryFolder } from "../harness/local-servers.ts";
import { startRedisCluster } from "../harness/redis-cluster.ts";

export interface Place {
  readonly url: string;
  empty(): Promise<unknown>;
  stop(): Promise<void>;
}

async function alone(): Promise<Place> {
  const folder = temporaryFolder("commons");
  const server = await createRedis(folder);
  await server.start();
  const admin = new Redis(server.url);
  return {
    url: server.url,
    empty: () => admin.flushall(),
    stop: async () => {
      admin.disconnect();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (message: Uint8Array | undefined) =>
  message === undefined ? undefined : new TextDecoder().decode(message);
export const limits = { sessions: 3, expiryMs: 60_000, queuedMessages: 200, queuedBytes: 4 * 1024 * 1024 };
export const noHoldings = { arrived: [], left: [], wills: new Map(), ears: new Map() };

/** Where brokers can share what they share. */
export const places = [
  ["a Redis", alone],
  ["a Redis Cluster", startRedisCluster],
] as const;

/** For those who are sent to and do not listen. */
export function ignore(): void {}
