import { sensorLabel } from "../schema/sensors.ts";
import { allowanceUs } from "./cadence.ts";

/** When a series was last heard of, and the gap between its messages that is usual; null while it is not known. */
export interface Hearing {
  readonly sensorType: string;
  readonly heardUs: number;
  readonly gapUs: number | null;
}

/** The time in which everything that came was read, without a break and up to its end: only in it silence is silence. */
export interface Attention {
  readonly sinceUs: number;
  readonly untilUs: number;
}

/** A sensor, or a device, that has said nothing for longer than it may. */
export interface Silence {
  /** `wholeDevice` when nothing else of the device goes on. */
  readonly sensorType: string;
  /** When it was to be heard at the latest. */
  readonly dueUs: number;
  readonly sentence: string;
}

/** Stands for the sensor type of a silence that is the whole device's, as in alarms. */
export const wholeDevice = "";

/** Who of one device is overdue: the device when nothing of it goes on, else each sensor for itself. */
export function silencesOf(device: readonly Hearing[], attention: Attention): readonly Silence[] {
  const overdue = device.filter((one) => dueOf(one, attention.sinceUs) < attention.untilUs);
  if (overdue.length === 0) return [];
  const newestUs = Math.max(...device.map(({ heardUs }) => heardUs));
  // What came soon after its last word came with it, on another topic.
  const goesOn = (one: Hearing) => newestUs > one.heardUs + allowance(one) / 2;
  const alone = overdue.filter(goesOn).map((one) => toSilence(one, one.sensorType, attention));
  const [last] = overdue.filter((one) => !goesOn(one)).sort((a, b) => b.heardUs - a.heardUs);
  if (last === undefined) return alone;
  return [toSilence({ ...last, heardUs: newestUs }, wholeDevice, attention), ...alone];
}

function toSilence(hearing: Hearing, sensorType: string, attention: Attention): Silence {
  const who = sensorType === wholeDevice ? "this device" : sensorLabel(sensorType);
  const quiet = spoken(attention.untilUs - hearing.heardUs);
  const sentence = `Nothing heard of ${who} for ${quiet}; it speaks every ${spoken(hearing.gapUs ?? 0)}.`;
  return { sensorType, dueUs: Math.min(dueOf(hearing, attention.sinceUs), attention.untilUs), sentence };
}

function dueOf(hearing: Hearing, sinceUs: number): number {
  return Math.max(hearing.heardUs, sinceUs) + allowance(hearing);
}

function allowance({ gapUs }: Hearing): number {
  return gapUs === null ? Number.POSITIVE_INFINITY : allowanceUs(gapUs);
}

function spoken(us: number): string {
  const seconds = us / 1e6;
  if (seconds < 120) return `${Math.max(Math.round(seconds), 1)} s`;
  const minutes = seconds / 60;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
