import type { AlarmRecord, AlarmSummary } from "./alarm.ts";
import type { Presence } from "./presence.ts";
import {
  type ChannelShare,
  learningReadings,
  type ScoredReading,
  type Severity,
  severityOf,
} from "./scored.ts";

/** An anomaly as the world outside hears of it. */
export interface AnomalyEvent {
  readonly kind: "anomaly";
  readonly deviceId: string;
  readonly sensorType: string;
  /** Of the reading, microseconds since the epoch. */
  readonly timestampUs: number;
  readonly value: number;
  readonly score: number;
  readonly confidence: number;
  readonly modelVersion: string;
  readonly severity: Severity;
  readonly sentence: string;
  readonly expected: { readonly low: number; readonly high: number } | null;
  readonly shares: Shares;
  /** The sensors of the device whose values spoke. */
  readonly sensors: readonly string[];
  /** How far the series was with learning, while it was too young to speak for itself. */
  readonly learning: Learning | null;
}

/** By the name of the channel: how much of the verdict it accounts for, 0 to 1; the weightiest few. */
export type Shares = Readonly<Record<string, number>>;

/** So many readings of those that a series needs. */
export interface Learning {
  readonly readings: number;
  readonly of: number;
}

/** A device came (back) to life, or fell silent for longer than its allowance. */
export interface PresenceEvent {
  readonly kind: "device-active" | "device-inactive";
  readonly deviceId: string;
  /** When the platform noticed, microseconds since the epoch. */
  readonly atUs: number;
}

/** Something happened to an alarm. It may be said again: who has seen this version of this alarm has heard it. */
export interface AlarmEvent extends Omit<AlarmRecord, "version" | "to"> {
  readonly kind: "alarm";
  readonly deviceId: string;
  /** `version` and `state` are those it came to by this; the rest may be newer. */
  readonly alarm: AlarmSummary;
}

/** What may connect, or with what, was changed: brokers forget what they know of this user name and look again. */
export interface AccessChangedEvent {
  readonly kind: "access-changed";
  /** A device id, or the user name of a service account. */
  readonly principal: string;
}

/** A notification for whoever subscribes to the topic of its route. */
export interface NotificationEvent {
  readonly kind: "notification";
  /** Below `notifications/`, where nobody but the platform publishes. */
  readonly topic: string;
  /** As it goes out, `schema/notification-message.ts`. */
  readonly message: object;
}

/** What browsers hear of. */
export type BrowserEvent = AnomalyEvent | PresenceEvent | AlarmEvent;

export type PlatformEvent = BrowserEvent | AccessChangedEvent | NotificationEvent;

/** An event with its place in the event stream; ids grow, so a browser can ask for what came after one. */
export interface NumberedEvent<Event extends PlatformEvent = PlatformEvent> {
  readonly id: string;
  readonly event: Event;
}

/** Whether an event is for browsers; the others are for the platform's own ears. */
export function isForBrowsers(numbered: NumberedEvent): numbered is NumberedEvent<BrowserEvent> {
  switch (numbered.event.kind) {
    case "anomaly":
    case "alarm":
    case "device-active":
    case "device-inactive":
      return true;
    case "access-changed":
    case "notification":
      return false;
  }
}

/**
 * Said once, to whoever listens at that moment, and kept nowhere: the database has the truth, and who missed a hint finds it there.
 * So ten thousand devices that connect at once push no anomaly out of the event stream.
 */
export type Hint =
  | { readonly kind: "presence"; readonly changes: readonly Presence[] }
  /** There is a command to deliver to this device. */
  | { readonly kind: "command-queued"; readonly deviceId: string }
  /** These commands were delivered or answered. */
  | { readonly kind: "commands-moved"; readonly commandIds: readonly string[] };

/** The readings of one device as they go to the live charts; ephemeral, nobody keeps them. */
export interface LiveReadings {
  readonly deviceId: string;
  readonly readings: readonly LivePoint[];
  /** What is usual of its sensors from now on; absent while nothing of it changed. */
  readonly bands?: readonly LiveBand[];
}

/** [sensorType, timestampUs, low, high]: between which values the readings of a sensor are usual from this moment on. */
export type LiveBand = readonly [sensorType: string, timestampUs: number, low: number, high: number];

/** [sensorType, timestampUs, value, score, isAnomaly as 0 or 1]: arrays are a third of the bytes of objects. */
export type LivePoint = readonly [
  sensorType: string,
  timestampUs: number,
  value: number,
  score: number,
  isAnomaly: 0 | 1,
];

/** What the server says over Socket.IO. */
export interface ServerEvents {
  readings: (batch: readonly LiveReadings[]) => void;
  event: (numbered: NumberedEvent<BrowserEvent>) => void;
  /** Devices that connected or left, of those that the browser watches. */
  presence: (changes: readonly Presence[]) => void;
}

/** What a browser says over Socket.IO. */
export interface BrowserEvents {
  /** From now on send the readings of these devices and no others (at most `watchLimit`). */
  watch: (deviceIds: readonly string[]) => void;
  /**
   * Sends again what came after this event id, in order; the answer is the newest id there is. `null` asks for no replay,
   * only for the newest id.
   */
  resume: (sinceId: string | null, answer: (newestId: string | null) => void) => void;
}

/** Most devices one browser can watch at a time. */
export const watchLimit = 500;

/**
 * So often the server says something to a browser of which there is nothing else to say, and so long it waits for the answer. A browser
 * gives up after both together, so an operator looks at what is no more for ten seconds at most; a ping is ten bytes.
 */
export const pingEveryMs = 4000;
export const pingTimeoutMs = 6000;

/** The events of devices that came to life, or fell silent, as it was noticed at one moment. */
export function toPresence(
  kind: PresenceEvent["kind"],
  deviceIds: readonly string[],
  atUs: number,
): PresenceEvent[] {
  return deviceIds.map((deviceId) => ({ kind, deviceId, atUs }));
}

/** The event of an anomalous reading. */
export function toAnomalyEvent(scored: ScoredReading): AnomalyEvent {
  const { explanation } = scored;
  return {
    kind: "anomaly",
    deviceId: scored.deviceId,
    sensorType: scored.sensorType,
    timestampUs: scored.timestampUs,
    value: scored.value,
    score: scored.score,
    confidence: scored.confidence,
    modelVersion: scored.modelVersion,
    severity: severityOf(scored.score),
    sentence: explanation?.sentence ?? "",
    expected: explanation?.expected ?? null,
    shares: weightiest(explanation?.shares ?? []),
    sensors: explanation?.sensors ?? [scored.sensorType],
    learning: toLearning(explanation?.learnt),
  };
}

const sharesShown = 4;
const leastShare = 0.05;

function weightiest(shares: readonly ChannelShare[]): Shares {
  const shown = shares.filter(({ share }) => share >= leastShare).slice(0, sharesShown);
  return Object.fromEntries(shown.map(({ channel, share }) => [channel, share]));
}

/** How far a series is that learnt from so many readings; null when that is enough. */
export function toLearning(readings: number | null | undefined): Learning | null {
  const isYoung = readings !== null && readings !== undefined && readings < learningReadings;
  return isYoung ? { readings, of: learningReadings } : null;
}

/** The live form of a scored reading. */
export function toLivePoint(scored: ScoredReading): LivePoint {
  return [scored.sensorType, scored.timestampUs, scored.value, scored.score, scored.isAnomaly ? 1 : 0];
}
