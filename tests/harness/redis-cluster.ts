import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createRedis, freePort, type LocalServer, temporaryFolder, until } from "./local-servers.ts";

/** A master of the cluster, with a connection to this node alone. */
export interface ClusterNode {
  readonly server: LocalServer;
  readonly admin: Redis;
  readonly id: string;
  readonly busPort: number;
}

/** Three masters without replicas that share the slots evenly. */
export interface RedisCluster {
  readonly url: string;
  readonly nodes: readonly ClusterNode[];
  slotOf(key: string): Promise<number>;
  /** The master that has the slot of this key. */
  ownerOf(key: string): Promise<ClusterNode>;
  /** Moves a slot with its keys while clients go on. */
  moveSlot(slot: number, target: ClusterNode): Promise<void>;
  /** Waits until every master serves its slots. */
  whole(): Promise<void>;
  /** Empties every node. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

const slots = 16_384;
const masters = 3;

/** Starts a cluster on free ports of 127.0.0.1. A master that is away takes only its own slots with it. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const folder = temporaryFolder("cluster");
  const nodes = await Promise.all(Array.from({ length: masters }, (_, place) => startNode(folder, place)));
  const [first] = nodes;
  if (first === undefined) throw new Error("a cluster has nodes");
  await meet(nodes);
  const slotOf = async (key: string): Promise<number> => Number(await first.admin.cluster("KEYSLOT", key));
  return {
    url: first.server.url,
    nodes,
    slotOf,
    ownerOf: async (key) => ownerOf(nodes, await slotOf(key)),
    moveSlot: async (slot, target) => {
      const source = await ownerOf(nodes, slot);
      if (source !== target) await moveSlot(nodes, slot, { source, target });
    },
    whole: () => whole(nodes),
    empty: async () => void (await Promise.all(nodes.map(({ admin }) => admin.flushall()))),
    stop: async () => {
      for (const { admin } of nodes) admin.disconnect();
      await Promise.all(nodes.map(({ server }) => server.stop("SIGKILL")));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNode(folder: string, place: number): Promise<ClusterNode> {
  const home = join(folder, `${place}`);
  mkdirSync(home);
  const busPort = await freePort();
  const server = await createRedis(home, [
    ...["--cluster-enabled", "yes", "--cluster-port", `${busPort}`],
    ...["--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"],
  ]);
  await server.start();
  const admin = new Redis(server.url);
  admin.on("error", () => undefined);
  const id = String(await admin.cluster("MYID"));
  return { server, admin, id, busPort };
}

async function meet(nodes: readonly ClusterNode[]): Promise<void> {
  const share = Math.ceil(slots / nodes.length);
  for (const [place, { admin }] of nodes.entries()) {
    await admin.call("CLUSTER", "SET-CONFIG-EPOCH", place + 1);
    const last = Math.min((place + 1) * share, slots) - 1;
    await admin.call("CLUSTER", "ADDSLOTSRANGE", place * share, last);
    for (const other of nodes.slice(0, place)) {
      await admin.call("CLUSTER", "MEET", "127.0.0.1", new URL(other.server.url).port, other.busPort);
    }
  }
  await whole(nodes);
}

async function whole(nodes: readonly ClusterNode[]): Promise<void> {
  await until("every master knows the whole cluster", async () => {
    const infos = await Promise.all(nodes.map(({ admin }) => admin.cluster("INFO")));
    const isWhole = (info: string) =>
      info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${slots}`);
    return infos.map(String).every(isWhole);
  });
}

type SlotRange = readonly [
  first: number,
  last: number,
  owner: readonly [ip: string, port: number, id: string],
];

/** The node that says so of itself: for a while after a slot has moved, gossip may give it to another, or to nobody. */
async function ownerOf(nodes: readonly ClusterNode[], slot: number): Promise<ClusterNode> {
  let owner: ClusterNode | undefined;
  await until(`somebody has slot ${slot}`, async () => {
    for (const node of nodes) if (await hasSlot(node, slot)) owner = node;
    return owner !== undefined;
  });
  if (owner === undefined) throw new Error(`nobody has slot ${slot}`);
  return owner;
}

async function hasSlot({ admin, id }: ClusterNode, slot: number): Promise<boolean> {
  if (admin.status !== "ready") return false;
  // Ranges of slots with the master first, as Redis documents CLUSTER SLOTS.
  const ranges = (await admin.cluster("SLOTS")) as unknown as readonly SlotRange[];
  return ranges.some(([first, last, owner]) => first <= slot && slot <= last && owner[2] === id);
}

async function moveSlot(
  nodes: readonly ClusterNode[],
  slot: number,
  { source, target }: { source: ClusterNode; target: ClusterNode },
): Promise<void> {
  await target.admin.cluster("SETSLOT", slot, "IMPORTING", source.id);
  await source.admin.cluster("SETSLOT", slot, "MIGRATING", target.id);
  const port = new URL(target.server.url).port;
  for (;;) {
    const keys = (await source.admin.cluster("GETKEYSINSLOT", slot, 10)) as string[];
    if (keys.length === 0) break;
    await source.admin.call("MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", ...keys);
  }
  for (const { admin } of [target, source, ...nodes.filter((node) => node !== source && node !== target)]) {
    await admin.cluster("SETSLOT", slot, "NODE", target.id);
  }
}
