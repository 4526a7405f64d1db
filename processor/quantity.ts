import { type ChannelName, channelNames } from "../schema/scored.ts";
import type { SensorKind, SensorType } from "../schema/sensors.ts";
import type { SeriesState } from "./series.ts";

const all: ReadonlySet<ChannelName> = new Set(channelNames);
// A level that is meant to change says nothing by changing; how often it does, and whether it was ever there, does. Of yes and no, when.
const ofSteps: ReadonlySet<ChannelName> = new Set(["volatility", "range"]);
const ofBooleans: ReadonlySet<ChannelName> = new Set(["daily", "weekly"]);

const channelsOf: Readonly<Record<SensorKind, ReadonlySet<ChannelName>>> = {
  linear: all,
  circular: all,
  counter: all,
  logarithmic: all,
  boolean: ofBooleans,
  stepped: ofSteps,
};

/** Whether each channel has something to say about a quantity of this kind, in their order. */
export function audible(kind: SensorKind): readonly boolean[] {
  return channelNames.map((name) => channelsOf[kind].has(name));
}

/** Whether standing still says something about a sensor of this kind. */
export function canBeStuck(kind: SensorKind): boolean {
  return kind === "linear" || kind === "circular" || kind === "logarithmic";
}

/** Whether a quantity of this kind has a place where it uses to be: not what somebody sets, or what is only yes or no. */
export function hasPlace(kind: SensorKind): boolean {
  return kind !== "boolean" && kind !== "stepped";
}

/** The whole circle of a circular quantity, in its unit; 0 for one that has no circle. */
export function periodOf(type: SensorType | undefined): number {
  return type?.kind === "circular" ? type.physical.high - type.physical.low : 0;
}

/** The shorter way round from one place of a circle to another. */
export function arc(from: number, to: number, period: number): number {
  const way = to - from;
  return period > 0 ? way - period * Math.round(way / period) : way;
}

/**
 * The value on the scale on which a series of this kind is watched: of a circular quantity the place next to the mean, of a logarithmic one
 * ln(1 + value), of a counter what a usual interval added (a counter that begins anew has added what it shows).
 */
export function watchedValue(state: SeriesState, value: number, timestampUs: number): number {
  switch (state.kind) {
    case "linear":
    case "stepped":
      return value;
    case "circular":
      return state.mean + arc(state.mean, value, state.period);
    case "logarithmic":
      return Math.log1p(Math.max(value, 0));
    case "boolean":
      return value === 0 ? 0 : 1;
    case "counter":
      return counted(state, value, timestampUs);
  }
}

function counted(state: SeriesState, value: number, timestampUs: number): number {
  if (state.count === 0) return 0;
  const added = value < state.lastRaw ? value : value - state.lastRaw;
  const intervals = state.intervalUs > 0 ? (timestampUs - state.lastTimestampUs) / state.intervalUs : 1;
  return added / Math.max(intervals, 1);
}

/** What is watched, back in the unit of the sensor; of a counter it stays what an interval adds. */
export function inUnit(kind: SensorKind, watched: number): number {
  return kind === "logarithmic" ? Math.expm1(Math.min(watched, 700)) : watched;
}
