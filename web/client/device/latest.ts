import type { LiveReadings } from "../../../schema/event.ts";
import { formatAge, formatSince } from "../shell/format.ts";
import type { Dot, Trace } from "./trace.ts";

/** What a sensor said last. */
export interface Latest {
  readonly tsUs: number;
  readonly value: number;
}

/** The newest reading of each sensor of a device, stored or pushed, whatever range its charts show. */
export class LatestReadings {
  readonly #deviceId: string;
  readonly #readings = new Map<string, Latest>();

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  /** When the newest of them was made. */
  get newestUs(): number | undefined {
    const times = [...this.#readings.values()].map(({ tsUs }) => tsUs);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Every sensor that ever said something. */
  get sensorTypes(): readonly string[] {
    return [...this.#readings.keys()];
  }

  of(sensorType: string): Latest | undefined {
    return this.#readings.get(sensorType);
  }

  /** A reading that comes late is none of the newest. */
  take(sensorType: string, latest: Latest): void {
    if (latest.tsUs >= (this.of(sensorType)?.tsUs ?? 0)) this.#readings.set(sensorType, latest);
  }

  /** Whether some of what was pushed is of the device. */
  hear(batch: readonly LiveReadings[]): boolean {
    const own = batch.filter(({ deviceId }) => deviceId === this.#deviceId);
    for (const { readings } of own)
      for (const [sensorType, tsUs, value] of readings) this.take(sensorType, { tsUs, value });
    return own.length > 0;
  }
}

/** The reading that stands beside a chart as a number. */
export interface Beside extends Latest {
  /** Whether it is the last of a range that is over, and not what the sensor said last. */
  readonly isOfRange: boolean;
}

/**
 * What the sensor said last, whatever is drawn; of a range that is over its last reading, where the dots are readings. What a dot that
 * stands for many has is a mean, which nobody measured.
 */
export function besideOf(
  { dots, stepSeconds }: { readonly dots: readonly Dot[] } & Pick<Trace, "stepSeconds">,
  latest: Latest | undefined,
  isOpen: boolean,
): Beside | undefined {
  const dot = stepSeconds === null ? dots.at(-1) : undefined;
  const drawn = dot === undefined ? undefined : { tsUs: dot.tsUs, value: dot.mean };
  if (drawn !== undefined && !isOpen) return { ...drawn, isOfRange: true };
  const newest = drawn !== undefined && drawn.tsUs > (latest?.tsUs ?? 0) ? drawn : latest;
  return newest === undefined ? undefined : { ...newest, isOfRange: false };
}

/** When that was: `12 s ago`, and of a range that is over `at 18:40:08`. */
export function describeBeside({ tsUs, isOfRange }: Beside, nowMs: number): string {
  const atMs = tsUs / 1000;
  return isOfRange ? `at ${formatSince(atMs, nowMs)}` : formatAge(nowMs - atMs);
}
