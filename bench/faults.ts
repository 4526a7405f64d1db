import { learnArrival, usualGapUs } from "../processor/cadence.ts";
import { growFactoryModels } from "../processor/factory.ts";
import type { Model } from "../processor/model.ts";
import { scoreReading } from "../processor/score.ts";
import { newSeries, type SeriesState } from "../processor/series.ts";
import { type Hearing, silencesOf, wholeDevice } from "../processor/silence.ts";
import { sensorTypes } from "../schema/sensors.ts";
import { type FaultKind, faultKinds } from "../simulators/signal.ts";
import { type Call, Judge, type Judgement } from "./fault-judge.ts";
import {
  type Arrival,
  arrivalsOf,
  type FaultyDevice,
  faultyDevices,
  type Scenario,
} from "./fault-scenario.ts";
import { printTable } from "./table.ts";

const devices = 50;
const rounds = 2;
const cadencesMs = [1000, 60_000] as const;
/** As often as a processor looks. */
const lookUs = 2e6;

const faultTexts: Readonly<Record<FaultKind, string>> = {
  spike: "3 readings beyond the typical range",
  drift: "30 readings, at the end beyond the typical range",
  stuck: "30 readings of one value",
  "drop-out": "one sensor says nothing for 15 readings, its device goes on",
  noise: "15 readings, 8 times the noise",
  silence: "the whole device says nothing for 30 readings",
};

/** What becomes of the messages of one device. */
type Detector = (device: FaultyDevice, arrivals: Iterable<Arrival>) => readonly Call[];

/**
 * `[seed]`: labelled faults of seeded simulated devices through the code of the pipeline: `scoreReading` with the models of the factory, and the rule of
 * silence. Beside it, in the same run, whoever only looks at the limits of the type. The time is simulated.
 */
export function faultsBench(args: readonly string[]): Promise<void> {
  const seed = Number(args[0] ?? 1);
  const models = growFactoryModels();
  const detectors = { tidemark: pipelineDetector(models), limits: limitsDetector };
  const results = cadencesMs.flatMap((cadenceMs) =>
    Object.entries(detectors).map(([detector, detect]) => {
      const faulty = run({ devices, seed, cadenceMs, rounds }, detect);
      const undisturbed = run({ devices, seed: seed + 1, cadenceMs, rounds: 0 }, detect);
      return { detector, cadenceMs, ...faulty, undisturbedPer1000: undisturbed.falsePer1000 };
    }),
  );
  for (const cadenceMs of cadencesMs)
    print(
      cadenceMs,
      results.filter((one) => one.cadenceMs === cadenceMs),
    );
  process.stdout.write(`${JSON.stringify({ bench: "faults", seed, devices, rounds, results })}\n`);
  return Promise.resolve();
}

function run(scenario: Scenario, detect: Detector): Judgement {
  const judge = new Judge(scenario, wholeDevice);
  for (const device of faultyDevices(scenario)) {
    const arrivals = [...arrivalsOf(device, scenario)];
    const readings = arrivals.flatMap((arrival) => arrival.readings);
    const timesUs = device.sensors.map((_, index) =>
      readings.filter(({ sensor }) => sensor === index).map(({ timestampUs }) => timestampUs),
    );
    judge.take(device, detect(device, arrivals), timesUs);
  }
  return judge.judgement();
}

function pipelineDetector(models: ReadonlyMap<string, Model>): Detector {
  return (device, arrivals) => {
    const watched = new WatchedDevice(device, models);
    for (const arrival of arrivals) watched.take(arrival);
    return watched.calls;
  };
}

/** A device as a processor has it: the state of each sensor, when it was heard of, and what is called silent. */
class WatchedDevice {
  readonly calls: Call[] = [];
  readonly #deviceId: string;
  readonly #models: ReadonlyMap<string, Model>;
  readonly #series: readonly SeriesState[];
  #silent: readonly string[] = [];
  #nextLookUs = 0;

  constructor({ device, sensors }: FaultyDevice, models: ReadonlyMap<string, Model>) {
    this.#deviceId = device.id;
    this.#models = models;
    this.#series = sensors.map(({ sensorType }) => newSeries(sensorType));
  }

  take({ arrivalUs, readings }: Arrival): void {
    this.#lookUntil(arrivalUs);
    for (const { sensor, timestampUs, value } of readings) {
      const state = this.#series[sensor];
      if (state === undefined) continue;
      const { sensorType } = state;
      const reading = { deviceId: this.#deviceId, sensorType, timestampUs, value };
      const { isAnomaly } = scoreReading(reading, state, this.#models.get(sensorType));
      if (isAnomaly) this.calls.push({ sensorType, atUs: timestampUs });
      learnArrival(state.cadence, arrivalUs, state.intervalUs);
    }
  }

  #lookUntil(arrivalUs: number): void {
    if (this.#nextLookUs === 0) this.#nextLookUs = arrivalUs;
    const hearings = this.#series.map(({ sensorType, cadence, intervalUs }): Hearing => {
      return { sensorType, heardUs: cadence.heardUs, gapUs: usualGapUs(cadence, intervalUs) };
    });
    for (; this.#nextLookUs < arrivalUs; this.#nextLookUs += lookUs) {
      const untilUs = this.#nextLookUs;
      const silent = silencesOf(hearings, { sinceUs: 0, untilUs }).map(({ sensorType }) => sensorType);
      for (const sensorType of silent)
        if (!this.#silent.includes(sensorType)) this.calls.push({ sensorType, atUs: untilUs });
      this.#silent = silent;
    }
  }
}

/** The naive one: a reading outside the typical range of its type is wrong. It holds here, since simulated sensors live within it. */
function limitsDetector({ sensors }: FaultyDevice, arrivals: Iterable<Arrival>): readonly Call[] {
  return [...arrivals].flatMap(({ readings }) =>
    readings.flatMap(({ sensor, timestampUs, value }) => {
      const sensorType = sensors[sensor]?.sensorType ?? "";
      const typical = sensorTypes.get(sensorType)?.typical;
      const isWithin = !typical || (value >= typical.low && value <= typical.high);
      return isWithin ? [] : [{ sensorType, atUs: timestampUs }];
    }),
  );
}

type Result = Judgement & { readonly detector: string; readonly undisturbedPer1000: number };

function print(cadenceMs: number, results: readonly Result[]): void {
  const title = `${devices} devices, one reading every ${cadenceMs / 1000} s, ${rounds} of each fault a sensor, about 500 readings apart`;
  printTable(
    title,
    faultKinds.map((kind) => {
      const [ours, limits] = results.map(({ byKind }) => byKind[kind]);
      return {
        fault: kind,
        faults: ours?.faults ?? 0,
        recall: ours?.recall ?? 0,
        "median delay, readings": ours?.medianDelayReadings ?? 0,
        seconds: ours?.medianDelaySeconds ?? 0,
        "limits alone: recall": limits?.recall ?? 0,
        "delay, readings": limits?.medianDelayReadings || "-",
        "what it is": faultTexts[kind],
      };
    }),
  );
  printTable(
    "false episodes in 1000 readings",
    results.map(({ detector, falsePer1000, aftermathPer1000, undisturbedPer1000 }) => ({
      detector,
      "between faults": falsePer1000,
      "in the 60 readings after one": aftermathPer1000,
      "where nothing ever happens": undisturbedPer1000,
    })),
  );
}
