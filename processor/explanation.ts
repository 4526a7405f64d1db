import { type ChannelName, type ChannelShare, channelNames, type Explanation } from "../schema/scored.ts";
import { type Range, sensorLabel, sensorUnit } from "../schema/sensors.ts";
import { type Calendar, type Moment, utcCalendar } from "./calendar.ts";
import type { Observation } from "./channels.ts";
import { type SeriesState, warmAfter } from "./series.ts";
import { bandOf, type Outlook, outlook } from "./usual.ts";

/** Why a reading outside the physical range of its type is one. */
export function explainImpossible(sensorType: string, value: number, physical: Range): Explanation {
  const bounds = `${plain(physical.low)} to ${plain(physical.high)}`;
  const sentence = `${subject(sensorType, value)}; only ${withUnit(sensorType, bounds)} is physically possible.`;
  return { sentence, expected: physical };
}

/** Why a reading of a device without a history is unusual for its type; `learnt` of the first 60 readings are behind it. */
export function explainUntypical(
  { sensorType, count }: Pick<SeriesState, "sensorType" | "count">,
  value: number,
  typical: Range,
): Explanation {
  const bounds = `${plain(typical.low)} to ${plain(typical.high)}`;
  const sentence = `${subject(sensorType, value)}; ${bounds} is usual for a new device of this type (${learning(count)}).`;
  return { sentence, expected: typical };
}

/** How far a series is that its own history does not speak for yet. */
export function learning(count: number): string {
  return `learning ${count}/${warmAfter}`;
}

/** Why a sensor counts as stuck that gave the same value for the `repeats`-th time in a row. */
export function explainStuck(state: SeriesState, seen: Observation, repeats: number): Explanation {
  const { sensorType, rests } = state;
  const longest = Math.round(rests.longest);
  const usual = longest === 0 ? "it never stood still before" : `${longest} was the most before`;
  const sentence = `${subject(sensorType, seen.rawValue)}, repeated ${repeats} times in a row; ${usual}.`;
  return { sentence, expected: bandOf(state, outlook(state, seen)) };
}

/** Why a reading is unusual in its own series, led by the channel that weighs most. */
export function explainSurprise(
  state: SeriesState,
  seen: Observation,
  calendar: Calendar = utcCalendar,
): Explanation {
  const shares = sharesOf(seen);
  const moment = calendar(seen.timestampUs);
  const leading = leadingReason(shares[0]?.channel ?? "level", { state, seen, moment });
  return { ...explainBy(leading, { state, seen, moment }), shares };
}

/** Why the last readings together are unusual in their own series, though no single one need be. */
export function explainAway(
  state: SeriesState,
  seen: Observation,
  calendar: Calendar = utcCalendar,
): Explanation {
  const { ofLevel, ofRoughness, distance } = seen.stance;
  const ofPlace = rounded((ofLevel / distance) ** 2);
  const isPlace = Math.abs(ofLevel) > ofRoughness;
  // Not their average: what lay far out was believed only in part.
  const reason = isPlace
    ? `that the last ten readings together run ${ofLevel < 0 ? "low" : "high"}`
    : "the unrest of the last ten readings";
  const shares: ChannelShare[] = [
    { channel: "smoothed", share: ofPlace },
    { channel: "volatility", share: rounded(1 - ofPlace) },
  ];
  return {
    ...explainBy(reason, { state, seen, moment: calendar(seen.timestampUs) }),
    shares: shares.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share),
  };
}

interface Told {
  readonly state: SeriesState;
  readonly seen: Observation;
  readonly moment: Moment;
}

function explainBy(reason: string, { state, seen, moment }: Told): Explanation {
  const expectation = outlook(state, seen);
  const expected = bandOf(state, expectation);
  const digits = digitsFor(expected.high - expected.low);
  const band = `${plain(expected.low, digits)} to ${plain(expected.high, digits)}`;
  const usual = state.kind === "counter" ? `an increase of ${band}` : band;
  const sentence = `${subject(state.sensorType, seen.rawValue)}; ${usual} is usual ${placeOf(expectation.by, moment)}; ${reason} weighs most.`;
  return { sentence, expected };
}

function placeOf(by: Outlook["by"], { ofDay, ofWeek }: Moment): string {
  switch (by) {
    case "level":
      return "here";
    case "daily":
      return `${ofDay} here`;
    case "weekly":
      return `${ofWeek} here`;
  }
}

/** The channels that have something to say, the one that weighs most first. */
function sharesOf({ channels, sum }: Observation): readonly ChannelShare[] {
  return channelNames
    .map((channel, index) => ({ channel, share: sum > 0 ? rounded((channels[index] ?? 0) / sum) : 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}

function leadingReason(channel: ChannelName, { state, seen, moment }: Told): string {
  const move = seen.moves[channelNames.indexOf(channel)] ?? 0;
  const size = sizeOf(state, move);
  switch (channel) {
    case "level":
      return `the distance of ${size} from the usual level`;
    case "smoothed":
      return `that the last readings together run ${move < 0 ? "low" : "high"}`;
    case "jump":
      return `the jump of ${size} in one reading`;
    case "trend":
      return `the ${move < 0 ? "fall" : "rise"} over the last readings`;
    case "volatility":
      return `the ${move < 0 ? "calm" : "unrest"} of the last readings`;
    case "daily":
      return `the distance of ${size} from what is usual ${moment.ofDay}`;
    case "weekly":
      return `the distance of ${size} from what is usual ${moment.ofWeek}`;
    case "shape":
      return "that the last readings took a course not seen lately";
    case "range":
      return `that it lies ${size} beyond anything seen before`;
  }
}

/** The beginning of a sentence about a reading: `Temperature 41.2 °C`. */
export function subject(sensorType: string, value: number): string {
  return `${sensorLabel(sensorType)} ${withUnit(sensorType, plain(value))}`;
}

// What is watched as a logarithm differs by a factor.
function sizeOf({ kind, sensorType }: SeriesState, move: number): string {
  if (kind === "logarithmic") return `a factor of ${plain(Math.exp(Math.min(Math.abs(move), 700)))}`;
  return withUnit(sensorType, plain(Math.abs(move)));
}

/** A number as text, in the unit of its sensor type. */
export function withUnit(sensorType: string, text: string): string {
  const unit = sensorUnit(sensorType);
  return unit === "" ? text : `${text} ${unit}`;
}

function digitsFor(width: number): number {
  return width > 100 || !(width > 0) ? 0 : Math.min(Math.max(Math.ceil(1.3 - Math.log10(width)), 0), 6);
}

/** At most three digits that say something, and none of the binary noise behind them. */
export function plain(value: number, digits?: number): string {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-6)) return value.toExponential(2);
  if (digits !== undefined) return String(Number(value.toFixed(digits)));
  const decimals = size >= 1000 ? 0 : size >= 1 ? 1 : 2 - Math.floor(Math.log10(Math.max(size, 1e-6)));
  return String(Number(value.toFixed(decimals)));
}
