import { parentPort, workerData } from "node:worker_threads";
import { PacedLoad, type PacedLoadOptions, type Schedule } from "./paced-load.ts";
import { sharedClock } from "./shared-clock.ts";

/** A load in a thread of its own, so that nothing the benchmark does besides makes it late. */
export type PacedLoadOrder = Omit<PacedLoadOptions, "now"> & { readonly offsetUs: number };

// Only the benchmark starts this file.
const { offsetUs, ...options } = workerData as PacedLoadOrder;
const load = await PacedLoad.open({ ...options, now: sharedClock(offsetUs) });
parentPort?.on("message", async (schedule: Schedule) => {
  parentPort?.postMessage(await load.run(schedule));
});
