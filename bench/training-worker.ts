import { parentPort, workerData } from "node:worker_threads";
import { growForest } from "../processor/forest.ts";
import { normalNumber, seededRandom } from "../processor/random.ts";
import { channelNames } from "../schema/scored.ts";
import type { Growth } from "./training.ts";

// The parent gives exactly this.
const { rows: count, trees, sampleSize, seed } = workerData as Growth;
const random = seededRandom(seed);
const rows = Array.from({ length: count }, () => channelNames.map(() => Math.abs(normalNumber(random))));
const begun = process.cpuUsage();
const startedMs = performance.now();
growForest(rows, { trees, sampleSize, seed });
const tookMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(begun);
parentPort?.postMessage({ tookMs, cpuMs: (user + system) / 1000 });
