import { sensorTypes } from "../../../schema/sensors.ts";
import { zoneAheadMs } from "../shell/zone.ts";
import type { Spot } from "./history.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [1, 2, 5, 10, 15, 30]
  .map((n) => n * second)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * minute))
  .concat([1, 2, 3, 6, 12].map((n) => n * hour))
  .concat([1, 2, 7, 14, 30, 90, 365].map((n) => n * day));

/** As many round instants between two as have room for their labels; round by the clocks that the labels follow. */
export function timeTicks({ min, max }: Bounds, widthPixels: number): number[] {
  const step =
    steps.find((candidate) => ((max - min) / candidate) * labelPixels(candidate) <= widthPixels) ?? max - min;
  if (!(step > 0)) return [];
  const aheadMs = zoneAheadMs(max);
  const ticks: number[] = [];
  for (let at = Math.ceil((min + aheadMs) / step) * step - aheadMs; at <= max; at += step) ticks.push(at);
  return ticks;
}

// With air: 18:40:08 is about 45 pixels wide in the font of the axis, 18:40 about 28.
function labelPixels(stepMs: number): number {
  return stepMs < minute ? 60 : 44;
}

/** The label of a tick: as fine as the steps between ticks are, and no finer. */
export function timeLabel(atMs: number, stepMs: number): string {
  const at = new Date(atMs + zoneAheadMs(atMs));
  const clock = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map((part) =>
    String(part).padStart(2, "0"),
  );
  if (stepMs >= day) return `${at.getUTCDate()}.${at.getUTCMonth() + 1}.`;
  return stepMs >= minute ? clock.slice(0, 2).join(":") : clock.join(":");
}

/** Two to five round values inside the bounds. */
export function valueTicks({ min, max }: Bounds): number[] {
  const power = 10 ** Math.floor(Math.log10(max - min));
  for (const step of [5, 2, 1, 0.5, 0.2].map((n) => n * power)) {
    const first = Math.ceil(min / step);
    const count = Math.floor(max / step) - first + 1;
    if (count >= 2)
      return Array.from({ length: count }, (_, at) => Number(((first + at) * step).toPrecision(12)));
  }
  return [];
}

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });
const large = new Intl.NumberFormat("en", { maximumSignificantDigits: 5, notation: "compact" });
const tiny = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, notation: "scientific" });

/** The label of a value, as narrow as the room beside the charts: more than some six digits would be cut off at their beginning. */
export function valueLabel(value: number): string {
  const size = Math.abs(value);
  const format = size >= 100_000 ? large : size !== 0 && size < 0.001 ? tiny : plain;
  return format.format(value);
}

/** The height of a chart: all values with some air, and never so narrow that plain sensor noise looks like a storm. */
export function valueBounds(spots: readonly Spot[], sensorType: string): Bounds {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { y } of spots) {
    if (y < min) min = y;
    if (y > max) max = y;
  }
  if (min > max) return { min: 0, max: 1 };
  // Of a type that nobody knows, its own size says what is small.
  const noise = sensorTypes.get(sensorType)?.noise ?? Math.max(Math.abs(min), Math.abs(max)) * 0.005;
  const least = noise * 10 || 1;
  const span = Math.max(max - min, least);
  const middle = (min + max) / 2;
  return { min: middle - span * 0.6, max: middle + span * 0.6 };
}
