import type { DeviceSummary } from "../schema/api.ts";
import type { AnomalyEvent, LiveReadings, NumberedEvent, PlatformEvent } from "../schema/event.ts";
import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";
import type { ScoredReading } from "../schema/scored.ts";

/** What was started and can be stopped: resolves when nothing of it is left running. */
export interface Running {
  stop(): Promise<void>;
}

/** What a broker hands over in one go. All of it belongs to one shard. */
export interface Frame {
  /** When the broker received the newest message in it, microseconds since the epoch. */
  readonly receivedUs: number;
  readonly readings: readonly Reading[];
  readonly rejections: readonly Rejection[];
}

export interface StreamEntry {
  readonly id: string;
  /** Null when the entry cannot be read; `raw` is then what there is to keep. */
  readonly frame: Frame | null;
  readonly raw: string;
}

/** The way from brokers to processors: sharded, ordered within a shard, kept until acknowledged. */
export interface ReadingStream {
  /**
   * Hands a frame over. Resolves once the reading is as safe as the adapter promises: in Redis when XADD was answered, in memory
   * when the consumer acknowledged it.
   * @throws PlatformError STREAM_DOWN or STREAM_FULL, both retryable; the frame may or may not have been taken then.
   */
  append(shard: number, frame: Frame): Promise<void>;
  /** Opens a shard for its one owner: first what an earlier owner left unacknowledged, then what is new. */
  openShard(shard: number): Promise<ShardReader>;
  /** Entries not yet acknowledged, per shard. */
  lag(): Promise<readonly number[]>;
  close(): Promise<void>;
}

export interface ShardReader {
  /** Up to `maxEntries` entries in order; waits at most `waitMs` for the first one, then answers with none. */
  next(maxEntries: number, waitMs: number): Promise<readonly StreamEntry[]>;
  /** The entries are stored; they will never be handed out again. */
  acknowledge(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The way from processors to the operators' side. */
export interface EventStream {
  /** Adds events, in order, to a capped stream that browsers can catch up from. */
  publish(events: readonly PlatformEvent[]): Promise<void>;
  /** Readings for the live charts: best effort, never waited for, kept nowhere. */
  broadcast(batch: readonly LiveReadings[]): void;
  /** Hears everything published or broadcast from now on, in any process. */
  subscribe(listener: EventListener): Promise<Running>;
  /** What was published after an event id, oldest first, at most `limit`. */
  since(id: string, limit: number): Promise<readonly NumberedEvent[]>;
  /** The newest event id, or null when there has been none. */
  newestId(): Promise<string | null>;
  close(): Promise<void>;
}

export interface EventListener {
  onEvent(numbered: NumberedEvent): void;
  onReadings(batch: readonly LiveReadings[]): void;
}

/** One batch of a shard as it goes to the database, in one transaction. */
export interface Batch {
  readonly readings: readonly ScoredReading[];
  readonly rejections: readonly Rejection[];
  /** Of the newest frame in the batch, microseconds since the epoch: when its devices were last heard of. */
  readonly receivedUs: number;
}

export interface Written {
  /** How many readings were new; the others were stored before. */
  readonly inserted: number;
  /** The anomalies among the new ones, as they were stored. */
  readonly anomalies: readonly AnomalyEvent[];
  /** Devices that were unknown or inactive until this batch. */
  readonly awakened: readonly string[];
}

/** The pen of one shard: whoever holds it is the only one who writes that shard's rows. */
export interface ShardWriter {
  /**
   * Stores a batch; what is stored already is left as it is.
   * @throws PlatformError STORE_DOWN (retryable, with this pen or a new one), SHARD_LOST (the pen is gone: claim again),
   * STORE_REFUSED (this batch will never be accepted).
   */
  write(batch: Batch): Promise<Written>;
  release(): Promise<void>;
}

export interface SeriesKey {
  readonly deviceId: string;
  readonly sensorType: string;
}

export interface StoredPoint {
  readonly timestampUs: number;
  readonly value: number;
  readonly score: number;
  readonly isAnomaly: boolean;
}

export interface StoredSeries extends SeriesKey {
  /** Oldest first. */
  readonly points: readonly StoredPoint[];
}

export interface LatestReading extends SeriesKey {
  readonly timestampUs: number;
  readonly value: number;
  readonly isAnomaly: boolean;
  readonly confidence: number;
}

export interface ReadingStore {
  /** The pen of a shard, or null while another processor holds it. */
  claimShard(shard: number): Promise<ShardWriter | null>;
  /** The newest `limit` readings of each series; series without any are left out. */
  recent(keys: readonly SeriesKey[], limit: number): Promise<readonly StoredSeries[]>;
  /** The newest `limit` readings of each sensor of these devices. */
  recentOfDevices(deviceIds: readonly string[], limit: number): Promise<readonly StoredSeries[]>;
  /** The newest reading of each sensor of every device heard of within `timeoutMs`, by device id. */
  latest(timeoutMs: number): Promise<readonly LatestReading[]>;
  anomalies(query: { deviceId?: string; limit: number }): Promise<readonly AnomalyEvent[]>;
  rejected(limit: number): Promise<readonly Rejection[]>;
  /** Keeps what was refused at a door that does not go through the stream. */
  keepRejections(rejections: readonly Rejection[]): Promise<void>;
}

export interface DeviceStore {
  /** Active devices in the order of their ids, with their sensors. */
  active(query: { timeoutMs: number; limit: number }): Promise<readonly DeviceSummary[]>;
  countInactive(timeoutMs: number): Promise<number>;
  /** Marks the devices silent for longer than `timeoutMs` inactive and names those that were active until now. */
  deactivateSilent(timeoutMs: number): Promise<readonly string[]>;
  /** Forgets registry rows (never readings) of devices inactive for longer than `days`; answers how many. */
  forgetInactive(days: number): Promise<number>;
  /** Deletes rejections older than `days`; answers how many. */
  forgetRejections(days: number): Promise<number>;
}

/** The few values an operator changes while the platform runs. */
export interface SettingStore {
  activeDeviceTimeoutSeconds(): Promise<number>;
  setActiveDeviceTimeoutSeconds(seconds: number): Promise<void>;
}

export interface StoredModel {
  readonly sensorType: string;
  /** Grows per sensor type, from 1. */
  readonly version: number;
  readonly compiled: Uint8Array;
  /** Of the random numbers it was grown with. */
  readonly seed: number;
  readonly trainingRows: number;
}

export interface ModelStore {
  /** The newest model of each sensor type. */
  newest(): Promise<readonly StoredModel[]>;
  /** Keeps a model; false when that type has that version already (another processor was first). */
  save(model: StoredModel): Promise<boolean>;
  /** Sensor types with at least `minReadings` stored readings, other than those named. */
  typesWithHistory(minReadings: number, except: readonly string[]): Promise<readonly string[]>;
  /** The newest readings of a type, at most `limit` of each of at most `devices` devices, oldest first within a device. */
  history(sensorType: string, limits: { devices: number; readings: number }): Promise<readonly Reading[]>;
}

/** Now, in microseconds since the epoch. */
export type Clock = () => number;
