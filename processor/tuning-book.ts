import type { TuningStore } from "../platform/models/tuning-ports.ts";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import type { Tuning } from "../schema/tuning.ts";
import { usualTuning } from "../schema/tuning.ts";
import type { Calendar } from "./calendar.ts";
import { lineOf } from "./lines.ts";
import type { Manner } from "./manner.ts";

/** What the tunings say of each series. They are only ever replaced whole. */
export class TuningBook {
  readonly #store: Pick<TuningStore, "version" | "current">;
  readonly #usual: Manner;
  /** By sensor type, then by device; the empty device id stands for all others. */
  #manners: ReadonlyMap<string, ReadonlyMap<string, Manner>> = new Map();
  #version = 0;

  constructor(store: Pick<TuningStore, "version" | "current">, calendar: Calendar) {
    this.#store = store;
    this.#usual = toManner(usualTuning, calendar);
  }

  /** Takes over what was changed; asks for one number when nothing was. @throws PlatformError STORE_DOWN, retryable. */
  async refresh(): Promise<void> {
    // Looked at first: what comes in between is read once more the next time, never missed.
    const version = await this.#store.version();
    if (version === this.#version) return;
    const manners = new Map<string, Map<string, Manner>>();
    for (const { sensorType, deviceId, tuning } of await this.#store.current()) {
      if (tuning === null) continue;
      const ofType = manners.get(sensorType) ?? new Map<string, Manner>();
      manners.set(sensorType, ofType.set(deviceId ?? "", toManner(tuning, this.#usual.calendar)));
    }
    this.#manners = manners;
    this.#version = version;
  }

  /** How a series is judged: as its device has it, or else its type. */
  mannerFor({ deviceId, sensorType }: SeriesKey): Manner {
    if (this.#manners.size === 0) return this.#usual;
    const ofType = this.#manners.get(sensorType);
    return ofType?.get(deviceId) ?? ofType?.get("") ?? this.#usual;
  }
}

/** A tuning as verdicts are given by it. */
export function toManner(tuning: Tuning, calendar: Calendar): Manner {
  return { line: lineOf(tuning), tellsStuck: !tuning.mutes.includes("stuck"), calendar };
}
