import { type Fault, type FaultKind, faultKinds } from "../simulators/signal.ts";
import type { FaultyDevice, Scenario } from "./fault-scenario.ts";

/** Something called wrong: of which sensor, or of the whole device, and when. */
export interface Call {
  readonly sensorType: string;
  readonly atUs: number;
}

interface KindFigures {
  readonly faults: number;
  readonly recall: number;
  readonly medianDelaySeconds: number;
  readonly medianDelayReadings: number;
}

export interface Judgement {
  readonly byKind: Readonly<Record<FaultKind, KindFigures>>;
  /** Episodes of false calls in 1000 readings while nothing was wrong, and within `aftermath` readings after a fault. */
  readonly falsePer1000: number;
  readonly aftermathPer1000: number;
}

/** Readings after a fault in which a call is laid to it: a drift ends with a jump back. */
const aftermath = 60;
/** Calls so close to one another are one episode. */
const apart = 2;

/** Collects, device by device, what was found and what was called without a reason. */
export class Judge {
  readonly #delaysUs = new Map<FaultKind, number[]>(faultKinds.map((kind) => [kind, []]));
  readonly #cadenceUs: number;
  readonly #wholeDevice: string;
  #counts = { ordinary: 0, after: 0, falseEpisodes: 0, afterEpisodes: 0 };

  constructor({ cadenceMs }: Scenario, wholeDevice: string) {
    this.#cadenceUs = cadenceMs * 1e3;
    this.#wholeDevice = wholeDevice;
  }

  take({ sensors }: FaultyDevice, calls: readonly Call[], timesUs: readonly (readonly number[])[]): void {
    for (const [index, { sensorType, faults }] of sensors.entries()) {
      const own = calls.filter((call) => call.sensorType === sensorType).map(({ atUs }) => atUs);
      for (const fault of faults) if (fault.kind !== "silence") this.#lookFor(fault, own);
      this.#countFalse(own, faults);
      this.#countReadings(timesUs[index] ?? [], faults);
    }
    const silences = (sensors[0]?.faults ?? []).filter(({ kind }) => kind === "silence");
    const ofDevice = calls.filter((call) => call.sensorType === this.#wholeDevice).map(({ atUs }) => atUs);
    for (const silence of silences) this.#lookFor(silence, ofDevice);
    this.#countFalse(ofDevice, silences);
  }

  judgement(): Judgement {
    const { ordinary, after, falseEpisodes, afterEpisodes } = this.#counts;
    const byKind = Object.fromEntries(faultKinds.map((kind) => [kind, this.#figures(kind)]));
    return {
      // One of each kind, from the list of kinds.
      byKind: byKind as Judgement["byKind"],
      falsePer1000: rounded((1000 * falseEpisodes) / Math.max(ordinary, 1)),
      aftermathPer1000: rounded((1000 * afterEpisodes) / Math.max(after, 1)),
    };
  }

  #countReadings(timesUs: readonly number[], faults: readonly Fault[]): void {
    for (const atUs of timesUs) {
      const after = this.#sinceFault(faults, atUs);
      if (after > aftermath) this.#counts.ordinary += 1;
      else if (after > 0) this.#counts.after += 1;
    }
  }

  /** A silence is called when a reading is missing, so until the next one could have come. */
  #lookFor(fault: Fault, callsUs: readonly number[]): void {
    const graceUs = isSilent(fault.kind) ? this.#cadenceUs : 0;
    const foundUs = callsUs.find((atUs) => atUs >= fault.startUs && atUs < fault.endUs + graceUs);
    this.#delaysUs
      .get(fault.kind)
      ?.push(foundUs === undefined ? Number.POSITIVE_INFINITY : foundUs - fault.startUs);
  }

  #countFalse(callsUs: readonly number[], faults: readonly Fault[]): void {
    let lastUs = Number.NEGATIVE_INFINITY;
    for (const atUs of callsUs) {
      const after = this.#sinceFault(faults, atUs);
      const isOneMore = atUs - lastUs > apart * this.#cadenceUs;
      if (after > 0) lastUs = atUs;
      if (!isOneMore || after <= 0) continue;
      if (after > aftermath) this.#counts.falseEpisodes += 1;
      else this.#counts.afterEpisodes += 1;
    }
  }

  /** In readings, from the end of the fault before; 0 within one. */
  #sinceFault(faults: readonly Fault[], atUs: number): number {
    let sinceUs = Number.POSITIVE_INFINITY;
    for (const { kind, startUs, endUs } of faults) {
      const untilUs = isSilent(kind) ? endUs + this.#cadenceUs : endUs;
      if (atUs >= startUs) sinceUs = Math.min(sinceUs, Math.max(atUs - untilUs, 0));
    }
    return sinceUs / this.#cadenceUs;
  }

  #figures(kind: FaultKind): KindFigures {
    const delays = this.#delaysUs.get(kind) ?? [];
    const found = delays.filter(Number.isFinite);
    const medianUs = found.sort((a, b) => a - b)[Math.floor(found.length / 2)] ?? Number.NaN;
    return {
      faults: delays.length,
      recall: rounded(found.length / Math.max(delays.length, 1)),
      medianDelaySeconds: rounded(medianUs / 1e6),
      medianDelayReadings: Math.ceil(medianUs / this.#cadenceUs),
    };
  }
}

function isSilent(kind: FaultKind): boolean {
  return kind === "drop-out" || kind === "silence";
}

function rounded(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}
