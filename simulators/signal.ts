import { type SensorType, sensorTypes } from "../schema/sensors.ts";
import { createDice, seedAt, seedOf, throwNormal } from "./dice.ts";

/**
 * What can go wrong. A drop-out is one sensor that goes missing while the others of its device go on; a silence is the whole device
 * that says nothing.
 */
export const faultKinds = ["spike", "drift", "stuck", "drop-out", "noise", "silence"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Something wrong with one sensor (silence: with all of a device) for a while, from `startUs` (included) to `endUs` (excluded). */
export interface Fault {
  readonly kind: FaultKind;
  readonly startUs: number;
  readonly endUs: number;
}

/** What a sensor says at an instant, with the truth about it for benches; a sensor that dropped out, or whose device is silent, says nothing. */
export type Sample = { readonly value: number; readonly label: "normal" | FaultKind } | "silent";

/** The character of one sensor: where it lives and how it sways. */
export interface SignalProfile {
  readonly type: SensorType;
  readonly seed: number;
  readonly centre: number;
  readonly amplitude: number;
  readonly periodUs: number;
  readonly phase: number;
  readonly decimals: number;
  /** What a spike adds, and what a drift has added at its end; leads out of the typical range. */
  readonly push: number;
}

export interface Signal {
  next(timestampUs: number): Sample;
}

// Beyond this many deviations noise is cut, so that an undisturbed sensor never leaves its typical range.
const noiseLimit = 3.5;
const noiseFaultFactor = 8;

/**
 * The profile of a sensor of this type; an undisturbed signal of any seed stays within the typical range.
 * @throws RangeError for a type that `schema/sensors.ts` does not know.
 */
export function signalProfile(sensorType: string, seed: number): SignalProfile {
  const type = sensorTypes.get(sensorType);
  const typical = type?.typical ?? null;
  if (type === undefined || typical === null) {
    const known = [...sensorTypes.values()].filter((one) => one.typical !== null).map(({ name }) => name);
    throw new RangeError(`no signal for "${sensorType}"; known are ${known.join(", ")}`);
  }
  const ownSeed = seedOf(seed, sensorType);
  const dice = createDice(ownSeed);
  const width = typical.high - typical.low;
  return {
    type,
    seed: ownSeed,
    centre: (typical.low + typical.high) / 2 + (dice() - 0.5) * 0.4 * width,
    // A cycle much wider than the noise would itself look like a drift to a detector that has seen a few minutes.
    amplitude: Math.min(0.08 * width, 1.5 * type.noise),
    periodUs: (240 + 240 * dice()) * 1e6,
    phase: 2 * Math.PI * dice(),
    decimals: Math.max(0, Math.ceil(-Math.log10(type.noise))) + 1,
    push: (1 + 0.6 * dice()) * width * pushDirection(sensorType, dice()),
  };
}

// Machines shake more, batteries sag; everything else can go wrong both ways.
function pushDirection(sensorType: string, chance: number): 1 | -1 {
  switch (sensorType) {
    case "temperature":
    case "vibration":
      return 1;
    case "battery_voltage":
      return -1;
    default:
      return chance < 0.5 ? 1 : -1;
  }
}

/** What the sensor says at an instant, under a fault or none. Pure: the same instant gives the same sample. */
export function sampleAt(profile: SignalProfile, timestampUs: number, fault?: Fault): Sample {
  if (fault === undefined)
    return { value: rounded(profile, undisturbed(profile, timestampUs, 1)), label: "normal" };
  if (fault.kind === "drop-out" || fault.kind === "silence") return "silent";
  return { value: rounded(profile, disturbed(profile, timestampUs, fault)), label: fault.kind };
}

function disturbed(profile: SignalProfile, timestampUs: number, fault: Fault): number {
  switch (fault.kind) {
    case "spike":
      return undisturbed(profile, timestampUs, 1) + profile.push;
    case "drift": {
      const progress = (timestampUs - fault.startUs) / (fault.endUs - fault.startUs);
      return undisturbed(profile, timestampUs, 1) + profile.push * progress;
    }
    case "noise":
      return undisturbed(profile, timestampUs, noiseFaultFactor);
    case "stuck":
    case "drop-out":
    case "silence":
      return undisturbed(profile, fault.startUs, 1);
  }
}

function undisturbed(profile: SignalProfile, timestampUs: number, noiseFactor: number): number {
  const sway = profile.amplitude * Math.sin((2 * Math.PI * timestampUs) / profile.periodUs + profile.phase);
  const deviations = throwNormal(createDice(seedAt(profile.seed, timestampUs)));
  const cut = Math.max(-noiseLimit, Math.min(noiseLimit, deviations));
  return profile.centre + sway + profile.type.noise * cut * noiseFactor;
}

function rounded(profile: SignalProfile, value: number): number {
  const { low, high } = profile.type.physical;
  return Number(Math.max(low, Math.min(high, value)).toFixed(profile.decimals));
}

/** A seeded sensor with its faults; where two faults overlap, the earlier in the list speaks. */
export function createSignal({
  sensorType,
  seed,
  faults = [],
}: {
  readonly sensorType: string;
  readonly seed: number;
  readonly faults?: readonly Fault[];
}): Signal {
  const profile = signalProfile(sensorType, seed);
  return { next: (timestampUs) => sampleAt(profile, timestampUs, faultAt(faults, timestampUs)) };
}

/** The first fault of the list that reigns at an instant. */
export function faultAt<F extends Fault>(faults: readonly F[], timestampUs: number): F | undefined {
  return faults.find((fault) => timestampUs >= fault.startUs && timestampUs < fault.endUs);
}
