import { accessBench } from "./access.ts";
import { codecBench } from "./codec.ts";
import { consoleBench } from "./console.ts";
import { detectionBench } from "./detection.ts";
import { devicesBench } from "./devices.ts";
import { exportBench } from "./export.ts";
import { faultsBench } from "./faults.ts";
import { gateBench } from "./gate.ts";
import { historyBench } from "./history.ts";
import { idleConnectionsBench } from "./idle-connections.ts";
import { intakeBench } from "./intake.ts";
import { latencyBench } from "./latency.ts";
import { listsBench } from "./lists.ts";
import { outageBench } from "./outage.ts";
import { pipelineBench } from "./pipeline.ts";
import { pixelBench } from "./pixel.ts";
import { soakBench } from "./soak.ts";
import { takeOverBench } from "./take-over.ts";

/** A benchmark prints a table for people and one line of JSON for machines. */
type Bench = (args: readonly string[]) => Promise<void>;

const benches: ReadonlyMap<string, Bench> = new Map([
  ["pipeline", pipelineBench],
  ["codec", codecBench],
  ["gate", gateBench],
  ["latency", latencyBench],
  ["pixel", pixelBench],
  ["console", consoleBench],
  ["outage", outageBench],
  ["intake", intakeBench],
  ["access", accessBench],
  ["idle-connections", idleConnectionsBench],
  ["devices", devicesBench],
  ["history", historyBench],
  ["detection", detectionBench],
  ["faults", faultsBench],
  ["take-over", takeOverBench],
  ["soak", soakBench],
  ["export", exportBench],
  ["lists", listsBench],
]);

const [name = "", ...args] = process.argv.slice(2);
const bench = benches.get(name);
if (bench === undefined) {
  process.stderr.write(`usage: npm run bench -- ${[...benches.keys()].join(" | ")}\n`);
  process.exit(2);
}
await bench(args);
