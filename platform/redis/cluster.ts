import { Cluster, type ClusterNode, type ClusterOptions, type Redis } from "ioredis";
import { messageOf } from "../errors.ts";
import type { Log } from "../telemetry.ts";

/** How often a client asks where the slots are, so that it follows a failover whose old master is silent rather than gone. */
const refreshMs = 10_000;

/** Whether this server is a node of a cluster. One that does not know the question, or refuses it, is taken to stand alone. */
export async function isClusterNode(redis: Redis): Promise<boolean> {
  const answer = await redis.info("cluster").catch((error: unknown) => {
    // What a connection fails with is no answer, and this client fails with those of its own.
    if (error instanceof Error && error.name === "ReplyError") return "";
    throw error;
  });
  return /^cluster_enabled:1\r?$/m.test(answer);
}

interface ClusterAccess {
  readonly seeds: readonly ClusterNode[];
  /** Of the connection to each node. */
  readonly nodeOptions: Omit<NonNullable<ClusterOptions["redisOptions"]>, "replyMapping">;
  readonly retryMs: (attempt: number) => number;
  /** A client of blocking reads needs the one node that has its key; one of commands is to be ready for every key. */
  readonly isLazy: boolean;
  readonly log: Log;
}

/** Connects to the cluster that these nodes belong to. While a node is away, its client fails what is asked for at once. */
export async function connectCluster(access: ClusterAccess): Promise<Cluster> {
  const { seeds, isLazy } = access;
  const cluster = new Cluster([...seeds], {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A cluster in trouble answers CLUSTERDOWN, which is better than a connection that never gets ready.
    enableReadyCheck: false,
    // A redirected command was not carried out. One whose connection broke may have been, so it goes back to its caller.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: 2000,
    clusterRetryStrategy: access.retryMs,
    // The certificate of a node is for its name, so the name is kept.
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: access.nodeOptions,
  });
  warnOfNodes(cluster, access.log);
  const refreshing = setInterval(() => {
    if (cluster.status === "ready") cluster.refreshSlotsCache();
  }, refreshMs).unref();
  cluster.once("end", () => clearInterval(refreshing));
  try {
    await cluster.connect();
  } catch (error) {
    cluster.disconnect();
    throw error;
  }
  // The seed leaves the pool now if the cluster knows it by another name, and a subscription on it would leave with it.
  await new Promise(setImmediate);
  if (!isLazy) {
    // Later than the command that found the node, which connects it and waits in its queue.
    cluster.on("+node", (node: Redis) => setImmediate(() => void reach(node)));
    await Promise.all(cluster.nodes("master").map(reach));
  }
  return cluster;
}

/** The nodes that a connected client knows. */
export function nodesOf(cluster: Cluster): readonly ClusterNode[] {
  return cluster.nodes().map(({ options }) => ({ host: options.host, port: options.port }));
}

/** Ends when a connection to the node was tried. A command that meets a node half connected would be refused. */
function reach(node: Redis): Promise<void> {
  return new Promise((resolve) => {
    if (node.status === "ready" || node.status === "end" || node.options.readOnly === true) return resolve();
    node.once("ready", () => resolve());
    node.once("end", () => resolve());
    if (node.status === "wait") node.connect().catch(() => undefined);
  });
}

function warnOfNodes(cluster: Cluster, log: Log): void {
  const away = new Set<string>();
  const warn = (node: string, error: unknown): void => {
    if (!away.has(node)) log.warn({ node, reason: messageOf(error) }, "redis away");
    away.add(node);
  };
  cluster.on("error", (error: unknown) => warn("every node", error));
  cluster.on("ready", () => away.delete("every node"));
  cluster.on("node error", (error: unknown, node: string) => warn(node, error));
  cluster.on("+node", (node: Redis) => {
    node.once("ready", () => away.delete(`${node.options.host}:${node.options.port}`));
  });
}
