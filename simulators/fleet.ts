import { DeviceLink, type LinkCounts } from "./device-link.ts";
import { createDice, seedAt, seedOf } from "./dice.ts";
import { batchSnapshots, encodeSnapshots, type FactoryDevice, type Snapshot } from "./factory.ts";
import { type FaultPlan, type PlannedFault, plannedFaults, strikes } from "./fault-plan.ts";
import { faultAt, type SignalProfile, sampleAt, signalProfile } from "./signal.ts";

export interface FleetOptions {
  readonly mqttUrl: string;
  readonly devices: readonly FactoryDevice[];
  readonly intervalMs: number;
  readonly seed: number;
  /** Whether sensors fail now and then. */
  readonly faults: boolean;
  readonly qos: 0 | 1;
  /** How much each device tells of the time before it started, so that charts are not empty; always without faults. */
  readonly historySeconds: number;
  /** Fewer connections than devices: several devices then speak through each, as behind a gateway. */
  readonly connections?: number;
  /** Microseconds since the epoch. */
  readonly clock?: () => number;
}

export interface FleetCounts extends LinkCounts {
  readonly devices: number;
  readonly connected: number;
  /** Measured under a fault. */
  readonly faulty: number;
  /** Why a link has no connection; undefined while all have one. */
  readonly trouble: string | undefined;
}

export interface Fleet {
  /** Sends what is in hand for at most two seconds, then says goodbye. */
  stop(): Promise<void>;
  counts(): FleetCounts;
}

interface Sensor {
  readonly sensorType: string;
  readonly profile: SignalProfile;
}

interface Machine {
  readonly device: FactoryDevice;
  readonly seed: number;
  readonly sensors: readonly Sensor[];
  readonly link: DeviceLink;
  /** Snapshots gathered for the next message. */
  readonly gathered: Snapshot[];
  /** Number of the next live beat; undefined while the machine tells its history. */
  beat: number | undefined;
}

const firstFaultMs = 21_000;
const faultEveryMs = 30_000;
const linkWindow = 16;
const linkBuffer = 240;
const historyBatch = 20;
const goodbyeMs = 2_000;
// A machine that slept longer than this leaves the gap, as a real one would.
const catchUpUs = 60e6;

/** Starts a fleet of MQTT devices that publish, with or without faults, until it is stopped. */
export function startFleet(options: FleetOptions): Fleet {
  const clock = options.clock ?? (() => Date.now() * 1e3);
  const links = openLinks(options);
  const machines = options.devices.map((device, index) => toMachine(device, links, { index, options }));
  const tally = { faulty: 0 };
  let plan: FaultPlan | undefined;

  async function begin(machine: Machine): Promise<void> {
    if (!(await machine.link.ready())) return;
    // The first fault counts from the first device that the platform can hear.
    plan ??= {
      devices: options.faults ? options.devices : [],
      seed: options.seed,
      startUs: clock(),
      firstMs: firstFaultMs,
      everyMs: faultEveryMs,
      cadenceMs: options.intervalMs,
    };
    machine.beat = await tellHistory(machine, options, clock);
  }

  function tick(): void {
    const nowUs = clock();
    const faults = plan === undefined ? [] : plannedFaults(plan, nowUs - catchUpUs, nowUs);
    for (const machine of machines) tally.faulty += tellDue(machine, { options, nowUs, faults });
  }

  for (const machine of machines) void begin(machine);
  const timer = setInterval(tick, Math.max(5, Math.min(50, options.intervalMs / 4)));
  return {
    async stop() {
      clearInterval(timer);
      for (const machine of machines) sayGathered(machine);
      await Promise.all(links.map((link) => link.drained(goodbyeMs)));
      await Promise.all(links.map((link) => link.close()));
    },
    counts: () => ({
      ...sumOf(links.map((link) => link.counts())),
      devices: machines.length,
      connected: links.filter((link) => link.isConnected()).length,
      faulty: tally.faulty,
      trouble: links.map((link) => link.trouble()).find((trouble) => trouble !== undefined),
    }),
  };
}

function openLinks({
  devices,
  connections = devices.length,
  mqttUrl,
  qos,
  seed,
}: FleetOptions): DeviceLink[] {
  const count = Math.max(1, Math.min(connections, devices.length));
  const crowd = Math.ceil(devices.length / count);
  return Array.from({ length: count }, (_, index) => {
    const own = count === devices.length ? devices[index]?.id : undefined;
    const clientId = own ?? `fleet-${seed}-gateway-${index + 1}`;
    return new DeviceLink({
      mqttUrl,
      clientId,
      qos,
      inFlight: linkWindow * Math.min(crowd, 16),
      bufferLimit: linkBuffer * crowd,
      seed: seedOf(seed, clientId),
    });
  });
}

function toMachine(
  device: FactoryDevice,
  links: readonly DeviceLink[],
  { index, options }: { readonly index: number; readonly options: FleetOptions },
): Machine {
  const link = links[index % links.length];
  if (link === undefined) throw new RangeError(`no connection for ${device.id}`);
  const seed = seedOf(options.seed, device.id);
  const sensors = device.sensorTypes.map((type) => ({
    sensorType: type,
    profile: signalProfile(type, seed),
  }));
  return { device, seed, sensors, link, gathered: [], beat: undefined };
}

// Beats lie on a grid of the clock, not of the start: a restarted fleet that tells its history again says the very
// same readings, and a platform that knows them already changes nothing.
function beatUs(machine: Machine, beat: number, intervalMs: number): number {
  const dice = createDice(seedAt(machine.seed, beat));
  const phaseUs = createDice(machine.seed)() * intervalMs * 1e3 * 0.9;
  return Math.floor(beat * intervalMs * 1e3 + phaseUs + dice() * Math.min(4_000, intervalMs * 50));
}

function snapshotAt(machine: Machine, timestampUs: number, faults: readonly PlannedFault[]) {
  const values: { sensorType: string; value: number }[] = [];
  let faulty = 0;
  for (const { sensorType, profile } of machine.sensors) {
    const own = faults.filter((fault) => strikes(fault, machine.device.id, sensorType));
    const sample = sampleAt(profile, timestampUs, faultAt(own, timestampUs));
    if (sample === "silent") continue;
    values.push({ sensorType, value: sample.value });
    if (sample.label !== "normal") faulty += 1;
  }
  const snapshot: Snapshot = { timestampUs, values };
  return { snapshot, faulty };
}

/** Tells the past in batches, as fast as it is acknowledged; answers the first live beat. */
async function tellHistory(machine: Machine, options: FleetOptions, clock: () => number): Promise<number> {
  const { intervalMs, historySeconds } = options;
  const beatNow = () => Math.floor(clock() / (intervalMs * 1e3));
  // History is about a reading a second, however fast the device speaks when it is live.
  const stride = Math.max(1, Math.round(1000 / intervalMs));
  let beat = beatNow() - Math.floor((historySeconds * 1e3) / intervalMs);
  while (beat < beatNow()) {
    const last = Math.min(beatNow(), beat + stride * historyBatch);
    const snapshots: Snapshot[] = [];
    for (; beat < last; beat += stride) {
      snapshots.push(snapshotAt(machine, beatUs(machine, beat, intervalMs), []).snapshot);
    }
    for (const message of encodeSnapshots(machine.device, snapshots, false)) {
      if (!(await machine.link.room())) return beat;
      machine.link.offer(message);
    }
  }
  return beat;
}

function tellDue(
  machine: Machine,
  moment: {
    readonly options: FleetOptions;
    readonly nowUs: number;
    readonly faults: readonly PlannedFault[];
  },
): number {
  if (machine.beat === undefined) return 0;
  const { nowUs, faults, options } = moment;
  const earliest = Math.floor((nowUs - catchUpUs) / (options.intervalMs * 1e3));
  machine.beat = Math.max(machine.beat, earliest);
  let faulty = 0;
  for (;;) {
    const timestampUs = beatUs(machine, machine.beat, options.intervalMs);
    if (timestampUs > nowUs) return faulty;
    const taken = snapshotAt(machine, timestampUs, faults);
    faulty += taken.faulty;
    machine.gathered.push(taken.snapshot);
    machine.beat += 1;
    const enough = machine.device.shape.endsWith("-batch") ? batchSnapshots : 1;
    if (machine.gathered.length >= enough) sayGathered(machine);
  }
}

function sayGathered(machine: Machine): void {
  const snapshots = machine.gathered.splice(0);
  const messages = encodeSnapshots(machine.device, snapshots, machine.link.isConnected());
  for (const message of messages) machine.link.offer(message);
}

function sumOf(counts: readonly LinkCounts[]): LinkCounts {
  const total = { sent: 0, acknowledged: 0, resent: 0, dropped: 0, waiting: 0, reconnects: 0 };
  for (const link of counts) {
    total.sent += link.sent;
    total.acknowledged += link.acknowledged;
    total.resent += link.resent;
    total.dropped += link.dropped;
    total.waiting += link.waiting;
    total.reconnects += link.reconnects;
  }
  return total;
}
