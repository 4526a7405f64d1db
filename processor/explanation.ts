import type { Explanation } from "../schema/scored.ts";
import { type Range, sensorLabel, sensorTypes, sensorUnit } from "../schema/sensors.ts";
import { type ChannelName, channelNames, type Observation, type SeriesState, spread } from "./channels.ts";

/** Why a reading outside the physical range of its type is one. */
export function explainImpossible(sensorType: string, value: number, physical: Range): Explanation {
  const bounds = `${plain(physical.low)} to ${plain(physical.high)}`;
  const sentence = `${subject(sensorType, value)}; only ${withUnit(sensorType, bounds)} is physically possible.`;
  return { sentence, expected: physical };
}

/** Why a reading of a device without a history is unusual for its type. */
export function explainUntypical(sensorType: string, value: number, typical: Range): Explanation {
  const bounds = `${plain(typical.low)} to ${plain(typical.high)}`;
  const sentence = `${subject(sensorType, value)}; ${bounds} is usual for a new device of this type.`;
  return { sentence, expected: typical };
}

/** Why a reading is unusual in its own series, led by the channel that weighs most. */
export function explainSurprise(state: SeriesState, value: number, seen: Observation): Explanation {
  const expected = expectedBand(state);
  const digits = digitsFor(expected.high - expected.low);
  const usual = `${plain(expected.low, digits)} to ${plain(expected.high, digits)} is usual here`;
  const leading = leadingReason(leadingChannel(seen.channels), state.sensorType, seen);
  return { sentence: `${subject(state.sensorType, value)}; ${usual}; ${leading} weighs most.`, expected };
}

// 99 % of a normal signal; never beyond what the quantity can be.
function expectedBand(state: SeriesState): Range {
  const reach = 2.6 * spread(state);
  const physical = sensorTypes.get(state.sensorType)?.physical;
  return {
    low: Math.max(state.mean - reach, physical?.low ?? Number.NEGATIVE_INFINITY),
    high: Math.min(state.mean + reach, physical?.high ?? Number.POSITIVE_INFINITY),
  };
}

function leadingChannel(channels: readonly number[]): ChannelName {
  let leading: ChannelName = "level";
  let most = Number.NEGATIVE_INFINITY;
  for (const [index, name] of channelNames.entries()) {
    const weight = channels[index] ?? 0;
    if (weight > most) [leading, most] = [name, weight];
  }
  return leading;
}

function leadingReason(channel: ChannelName, sensorType: string, seen: Observation): string {
  switch (channel) {
    case "level":
      return `the distance of ${amount(sensorType, seen.deviation)} from the usual level`;
    case "smoothed":
      return `that the last readings together run ${seen.smoothedShift < 0 ? "low" : "high"}`;
    case "jump":
      return `the jump of ${amount(sensorType, seen.jump)} in one reading`;
    case "trend":
      return `the ${seen.trend < 0 ? "fall" : "rise"} over the last readings`;
    case "volatility":
      return "the unrest of the last readings";
  }
}

function subject(sensorType: string, value: number): string {
  return `${sensorLabel(sensorType)} ${withUnit(sensorType, plain(value))}`;
}

function amount(sensorType: string, size: number): string {
  return withUnit(sensorType, plain(Math.abs(size)));
}

function withUnit(sensorType: string, text: string): string {
  const unit = sensorUnit(sensorType);
  return unit === "" ? text : `${text} ${unit}`;
}

function digitsFor(width: number): number {
  return width > 100 || !(width > 0) ? 0 : Math.min(Math.max(Math.ceil(1.3 - Math.log10(width)), 0), 6);
}

// At most three digits that say something, and none of the binary noise behind them.
function plain(value: number, digits?: number): string {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-6)) return value.toExponential(2);
  if (digits !== undefined) return String(Number(value.toFixed(digits)));
  const decimals = size >= 1000 ? 0 : size >= 1 ? 1 : 2 - Math.floor(Math.log10(Math.max(size, 1e-6)));
  return String(Number(value.toFixed(decimals)));
}
