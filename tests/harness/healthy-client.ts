import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { EchoOrder } from "./echo-worker.ts";

/** A client that behaves, and notes how long the broker takes to bring back what it sends. */
export interface HealthyClient {
  /** Milliseconds from when each message was due to its echo, of those since the last time this was asked. */
  latenciesMs(): Promise<Float64Array>;
  stop(): Promise<void>;
}

/** Starts the client in a thread of its own, from what is built. */
export async function startHealthyClient(order: EchoOrder): Promise<HealthyClient> {
  const built = new URL("../../dist/tests/harness/echo-worker.js", import.meta.url);
  const worker = new Worker(fileURLToPath(built), { workerData: order });
  await once(worker, "message");
  return {
    latenciesMs: async () => {
      worker.postMessage("latencies");
      const [latencies]: unknown[] = await once(worker, "message");
      // What the worker answers.
      return latencies as Float64Array;
    },
    stop: async () => void (await worker.terminate()),
  };
}
