import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** A forest to grow. */
export interface Growth {
  readonly rows: number;
  readonly trees: number;
  readonly sampleSize: number;
  readonly seed: number;
}

const rounds = 5;

/** How long a worker thread grows a forest, in milliseconds: each in a thread of its own, as models are, so that nothing is warm. The least of some. */
export async function growthMs(growth: Omit<Growth, "seed">): Promise<{ tookMs: number; cpuMs: number }> {
  let least = { tookMs: Number.POSITIVE_INFINITY, cpuMs: Number.POSITIVE_INFINITY };
  for (let seed = 1; seed <= rounds; seed += 1) {
    const worker = new Worker(new URL("./training-worker.js", import.meta.url), {
      workerData: { ...growth, seed },
    });
    // The worker says exactly this, once.
    const [{ tookMs, cpuMs }] = (await once(worker, "message")) as [typeof least];
    await worker.terminate();
    least = { tookMs: Math.min(least.tookMs, tookMs), cpuMs: Math.min(least.cpuMs, cpuMs) };
  }
  return { tookMs: Math.round(least.tookMs), cpuMs: Math.round(least.cpuMs) };
}
