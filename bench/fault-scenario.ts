import { createDice, seedAt, seedOf } from "../simulators/dice.ts";
import { batchSnapshots, type FactoryDevice, factoryDevices } from "../simulators/factory.ts";
import { lastsMs } from "../simulators/fault-plan.ts";
import {
  type Fault,
  type FaultKind,
  faultAt,
  faultKinds,
  sampleAt,
  signalProfile,
} from "../simulators/signal.ts";

/** One sensor of a simulated device, with what goes wrong with it. */
export interface Sensor {
  readonly sensorType: string;
  readonly faults: readonly Fault[];
}

export interface FaultyDevice {
  readonly device: FactoryDevice;
  readonly sensors: readonly Sensor[];
}

/** One message as it reaches the broker. */
export interface Arrival {
  readonly arrivalUs: number;
  readonly readings: readonly {
    readonly sensor: number;
    readonly timestampUs: number;
    readonly value: number;
  }[];
}

export interface Scenario {
  readonly devices: number;
  readonly seed: number;
  readonly cadenceMs: number;
  /** How often each sensor has each fault; 0 for devices to which nothing happens, for as long as two rounds take. */
  readonly rounds: number;
}

const startUs = Date.UTC(2026, 10, 2) * 1e3;
/** Readings of a device before its first fault: as many as a fleet tells of its past. */
const before = 300;
/** Readings from fault to fault of a sensor, give or take a fifth. */
const apart = 500;
/** Readings between the faults of two sensors of one device, so that one of them goes on. */
const staggered = 120;

/** The seeded devices of a factory, each sensor with every fault in an order of its own. */
export function faultyDevices({ devices, seed, cadenceMs, rounds }: Scenario): FaultyDevice[] {
  return factoryDevices(devices).map((device) => {
    const dice = createDice(seedOf(seed, `faults of ${device.id}`));
    const turns = Array.from({ length: rounds }, () => shuffled(faultKinds, dice)).flat();
    const silences = turns.map((kind) => kind === "silence");
    const jitter = turns.map(() => 0.4 * (dice() - 0.5));
    const sensors = device.sensorTypes.map((sensorType, index) => {
      const own = Array.from({ length: rounds }, () => shuffled(sensorKinds, dice)).flat();
      const faults = turns.map((_, turn): Fault => {
        // A silence is the whole device's, so it has its turn at all sensors at once.
        const isSilent = silences[turn] === true;
        const kind = isSilent ? "silence" : (own.pop() ?? "spike");
        const reading = before + apart * (turn + (jitter[turn] ?? 0)) + (isSilent ? 0 : staggered * index);
        const faultUs = startUs + Math.round(reading * cadenceMs * 1e3);
        return {
          kind,
          startUs: faultUs,
          endUs: faultUs + lastsMs[kind] * 1e3 * Math.max(1, cadenceMs / 1e3),
        };
      });
      return { sensorType, faults };
    });
    return { device, sensors };
  });
}

const sensorKinds: readonly FaultKind[] = faultKinds.filter((kind) => kind !== "silence");

function shuffled<T>(items: readonly T[], dice: () => number): T[] {
  return items
    .map((item) => ({ item, at: dice() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** What a device sends, in the order in which it arrives: the network takes up to a fifth of a second, and some devices gather two snapshots. */
export function* arrivalsOf({ device, sensors }: FaultyDevice, scenario: Scenario): Generator<Arrival> {
  const { seed, cadenceMs, rounds } = scenario;
  const ownSeed = seedOf(seed, device.id);
  const profiles = sensors.map(({ sensorType }) => signalProfile(sensorType, ownSeed));
  const beats = before + apart * (faultKinds.length * Math.max(rounds, 2) + 1);
  const together = device.shape.endsWith("-batch") ? batchSnapshots : 1;
  let gathered: Arrival["readings"][number][] = [];
  for (let beat = 0; beat < beats; beat += 1) {
    const timestampUs =
      startUs + beat * cadenceMs * 1e3 + Math.floor(4e3 * createDice(seedAt(ownSeed, beat))());
    for (const [sensor, profile] of profiles.entries()) {
      const sample = sampleAt(profile, timestampUs, faultAt(sensors[sensor]?.faults ?? [], timestampUs));
      if (sample !== "silent") gathered.push({ sensor, timestampUs, value: sample.value });
    }
    if ((beat + 1) % together !== 0 || gathered.length === 0) continue;
    yield {
      arrivalUs: timestampUs + Math.floor(200e3 * createDice(seedAt(ownSeed + 1, beat))()),
      readings: gathered,
    };
    gathered = [];
  }
}
