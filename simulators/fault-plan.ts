import { createDice, seedAt, seedOf } from "./dice.ts";
import type { Fault, FaultKind } from "./signal.ts";

/** A device with its sensors, as far as a fault needs to know it. */
export interface FaultTarget {
  readonly id: string;
  readonly sensorTypes: readonly string[];
}

/** Which devices get faults, when the first comes and how often: a whole future without a list of it. */
export interface FaultPlan {
  readonly devices: readonly FaultTarget[];
  readonly seed: number;
  readonly startUs: number;
  /** From `startUs` to the first fault, give or take a second. */
  readonly firstMs: number;
  /** From fault to fault; two neighbours lie between two thirds and four thirds of it apart. */
  readonly everyMs: number;
  /** Between two readings of a sensor; above a second it stretches the faults, so that each is seen. */
  readonly cadenceMs: number;
}

export interface PlannedFault extends Fault {
  readonly deviceId: string;
  /** Of a silence one of many: it strikes all sensors of the device. */
  readonly sensorType: string;
}

/** How long each lasts in a device that speaks once a second or more often. */
export const lastsMs: Readonly<Record<FaultKind, number>> = {
  spike: 3_000,
  drift: 30_000,
  stuck: 30_000,
  "drop-out": 15_000,
  noise: 15_000,
  silence: 30_000,
};
const longestMs = Math.max(...Object.values(lastsMs));

// Faults that anybody sees come one after another; a detector may need a while for a stuck or a silent sensor,
// so those come on top, at another device, and the board never looks idle because of them.
const loudKinds: readonly FaultKind[] = ["spike", "spike", "drift", "spike", "noise"];
const quietKinds: readonly FaultKind[] = ["stuck", "drop-out", "silence"];
const quietEvery = 3;

/** The faults that reign at some instant from `fromUs` to `untilUs`, in the order of their turns. */
export function plannedFaults(plan: FaultPlan, fromUs: number, untilUs: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  if (plan.devices.length === 0) return faults;
  const reach = plan.firstMs + plan.everyMs;
  const first = Math.floor(
    ((fromUs - plan.startUs) / 1e3 - reach - longestMs * stretch(plan)) / plan.everyMs,
  );
  const last = Math.ceil(((untilUs - plan.startUs) / 1e3 - plan.firstMs + plan.everyMs) / plan.everyMs);
  for (let turn = Math.max(0, first); turn <= last; turn += 1) faults.push(...faultsOfTurn(plan, turn));
  return faults.filter((fault) => fault.endUs > fromUs && fault.startUs <= untilUs);
}

function faultsOfTurn(plan: FaultPlan, turn: number): PlannedFault[] {
  const loud = plannedFault(plan, turn, loudKinds[turn % loudKinds.length] ?? "spike");
  if (turn % quietEvery !== quietEvery - 1) return [loud];
  const quietTurn = Math.floor(turn / quietEvery);
  return [loud, plannedFault(plan, turn, quietKinds[quietTurn % quietKinds.length] ?? "stuck")];
}

function plannedFault(plan: FaultPlan, turn: number, kind: FaultKind): PlannedFault {
  const dice = createDice(seedAt(plan.seed, turn));
  const jitterMs = (2 * dice() - 1) * (turn === 0 ? 1000 : plan.everyMs / 6);
  const startUs = Math.round(plan.startUs + (plan.firstMs + turn * plan.everyMs + jitterMs) * 1e3);
  const device = deviceOfTurn(plan, turn, quietKinds.includes(kind));
  const sensorType = device?.sensorTypes[Math.floor(dice() * device.sensorTypes.length)] ?? "";
  const endUs = startUs + lastsMs[kind] * stretch(plan) * 1e3;
  return { deviceId: device?.id ?? "", sensorType, kind, startUs, endUs };
}

// Round the devices, starting anywhere: no device has two loud faults in a row, and each has its turn.
// The quiet ones go on across the room.
function deviceOfTurn(plan: FaultPlan, turn: number, isQuiet: boolean): FaultTarget | undefined {
  const offset = seedOf(plan.seed, "first device") + (isQuiet ? Math.ceil(plan.devices.length / 2) : 0);
  return plan.devices[(offset + turn) % plan.devices.length];
}

/** Whether a fault is one of this sensor. */
export function strikes(fault: PlannedFault, deviceId: string, sensorType: string): boolean {
  return fault.deviceId === deviceId && (fault.kind === "silence" || fault.sensorType === sensorType);
}

function stretch(plan: FaultPlan): number {
  return Math.max(1, plan.cadenceMs / 1000);
}
