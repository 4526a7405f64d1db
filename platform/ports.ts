import type { AnomalyPlace } from "../schema/anomaly-place.ts";
import type { AuditEntry, AuditRecord } from "../schema/audit.ts";
import type { AnomalyEvent, Hint, LiveReadings, NumberedEvent, PlatformEvent } from "../schema/event.ts";
import type {
  DeviceAccount,
  DeviceComparison,
  LedgerLook,
  ShardAccount,
  ShardTally,
} from "../schema/ledger.ts";
import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";
import type { DeviceLists } from "./devices/device-ports.ts";
import type {
  Batch,
  Custody,
  DetectorAnchor,
  Heard,
  Receipt,
  SeriesKey,
  Written,
} from "./readings/shard-batch.ts";

/** What was started and can be stopped: resolves when nothing of it is left running. */
export interface Running {
  stop(): Promise<void>;
}

/** What a broker hands over in one go. All of it belongs to one shard. */
export interface FrameContent {
  /** When the broker received the newest message in it, microseconds since the epoch. */
  readonly receivedUs: number;
  readonly readings: readonly Reading[];
  readonly rejections: readonly Rejection[];
}

/** A frame as it lies in the stream: numbered by who appended it, so that one which comes twice is known. */
export interface Frame extends FrameContent {
  readonly origin: string;
  /** From 1, within an origin and shard. */
  readonly sequence: number;
}

export interface StreamEntry {
  readonly id: string;
  /** Null when the entry is no frame of ours; `raw` is then what there is to keep. */
  readonly frame: Frame | null;
  readonly raw: Buffer;
}

/** The way from brokers to processors: sharded, ordered within a shard, kept until acknowledged. */
export interface ReadingStream {
  /**
   * Hands a frame over. Resolves once the reading is as safe as the adapter promises: in Redis when XADD was answered, in memory
   * when the consumer acknowledged it.
   * @throws PlatformError STREAM_DOWN or STREAM_FULL, both retryable; the frame may or may not have been taken then.
   */
  append(shard: number, content: FrameContent): Promise<void>;
  /** Opens a shard for its one owner: first what an earlier owner left unacknowledged, then what is new. */
  openShard(shard: number): Promise<ShardReader>;
  /** What each shard took in and let go of. */
  tallies(): Promise<readonly ShardTally[]>;
  /** The oldest entries of a shard that are still there, for whoever only looks. */
  waiting(shard: number, limit: number): Promise<readonly StreamEntry[]>;
  /** How full the stream is: 0 empty, 1 so full that it takes nothing more. */
  fullness(): Promise<number>;
  close(): Promise<void>;
}

export interface ShardReader {
  /** Of the stream this shard is read from, as in its tally. */
  readonly streamId: string;
  /**
   * Up to `maxEntries` entries in order; waits at most `waitMs` for the first one, then answers with none.
   * @throws PlatformError FRAME_TOO_NEW when a newer broker wrote what comes next: it stays where it is.
   */
  next(maxEntries: number, waitMs: number): Promise<readonly StreamEntry[]>;
  /** The entries are stored; they will never be handed out again. */
  acknowledge(entries: readonly StreamEntry[]): Promise<void>;
  close(): Promise<void>;
}

/** The way from processors to the operators' side. */
export interface EventStream {
  /** Adds events, in order, to a capped stream that browsers can catch up from. With a receipt: once, whoever says it again and however often. */
  publish(events: readonly PlatformEvent[], receipt?: Receipt): Promise<void>;
  /** Publishes what a processor that died between commit and announcement may have left unsaid. */
  recover(events: readonly PlatformEvent[], receipt: Receipt): Promise<void>;
  /** Readings for the live charts: best effort, never waited for, kept nowhere. */
  broadcast(batch: readonly LiveReadings[]): void;
  /** Says something once to whoever listens, in any process: best effort, never waited for, kept nowhere. */
  hint(hint: Hint): void;
  /** Hears everything published, broadcast or hinted from now on, in any process. */
  subscribe(listener: EventListener): Promise<Running>;
  /** What was published after an event id, oldest first, at most `limit`. */
  since(id: string, limit: number): Promise<readonly NumberedEvent[]>;
  /** The newest event id, or null when there has been none. */
  newestId(): Promise<string | null>;
  close(): Promise<void>;
}

export interface EventListener {
  onEvent(numbered: NumberedEvent): void;
  /** Left out by who has no use for them, and is then not sent any. */
  onReadings?(batch: readonly LiveReadings[]): void;
  /** Likewise. */
  onHint?(hint: Hint): void;
}

/** The pen of one shard: whoever holds it is the only one who writes that shard's rows. */
export interface ShardWriter {
  readonly custody: Custody;
  /** Aborted when the pen is gone: the database ended the session, or could not be reached for too long. */
  readonly lost: AbortSignal;
  /**
   * Stores a batch and accounts for it; what is stored already is left as it is, and what will never be accepted is kept as a
   * rejection.
   * @throws PlatformError STORE_DOWN (retryable, with this pen or a new one), SHARD_LOST (the pen is gone: claim again).
   */
  write(batch: Batch): Promise<Written>;
  release(): Promise<void>;
}

/** Processors alive, and the shards that one of them owns. */
export interface Census {
  readonly processors: number;
  readonly taken: ReadonlySet<number>;
}

/** A processor's seat among those that share the shards. */
export interface Seat {
  /** This one included. */
  census(): Promise<Census>;
  leave(): Promise<void>;
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

/** What a detector is rebuilt from. */
export interface DetectorHistory extends SeriesKey {
  readonly anchor: DetectorAnchor | null;
  /** What it learnt from since the anchor, oldest first; without one, from the newest `limit` readings. */
  readonly points: readonly { readonly timestampUs: number; readonly value: number }[];
}

export interface AnomalyQuery {
  readonly deviceId?: string | undefined;
  /** From here on, and before that, microseconds since the epoch. */
  readonly range?: { readonly fromUs: number; readonly toUs: number } | undefined;
  readonly after?: AnomalyPlace | undefined;
  readonly limit: number;
}

export interface ReadingStore {
  /** Takes a seat among the processors; it is given up with `leave`, or with the process. */
  takeSeat(): Promise<Seat>;
  /** Who sits there, and the shards that somebody owns; null where there is one process, which writes everything. */
  census(): Promise<Census | null>;
  /** The pen of a shard of the stream named, or null while another processor holds it. */
  claimShard(shard: number, streamId: string): Promise<ShardWriter | null>;
  /** What the detectors of these series are rebuilt from; series without readings are left out. */
  detectorHistories(
    keys: readonly SeriesKey[],
    options: { format: number; limit: number },
  ): Promise<readonly DetectorHistory[]>;
  /** The newest `limit` readings of each sensor of these devices. */
  recentOfDevices(deviceIds: readonly string[], limit: number): Promise<readonly StoredSeries[]>;
  /** The newest reading of each sensor of every device heard of within `timeoutMs`, by device id. */
  latest(timeoutMs: number): Promise<readonly LatestReading[]>;
  /** Newest first, of a device and a range if they are named, behind a place if there is one. */
  anomalies(query: AnomalyQuery): Promise<readonly AnomalyEvent[]>;
}

/** When a series was last heard of, and the gap between its messages that is usual; null while it is not known. */
export interface SeriesHeard extends SeriesKey, Heard {}

export interface OverdueQuestion {
  /** Everything that came until then is stored, microseconds since the epoch. */
  readonly untilUs: number;
  /** A series may say nothing for so many of its usual gaps, and at least for so long. */
  readonly gaps: number;
  readonly leastUs: number;
}

export interface DeviceStore extends DeviceLists {
  /** Of every device with a sensor that is overdue, and was not told of since it was last heard: all its sensors, by device. */
  overdue(question: OverdueQuestion): Promise<readonly SeriesHeard[]>;
  /** What has an open alarm of silence and was heard of since; without a sensor type where the alarm has none. */
  heardAgain(): Promise<readonly SeriesKey[]>;
  countInactive(timeoutMs: number): Promise<number>;
  /** Marks the devices silent for longer than `timeoutMs` inactive and names those that were active until now. */
  deactivateSilent(timeoutMs: number): Promise<readonly string[]>;
  /** Those of these devices that are known, and not active. */
  stillInactive(deviceIds: readonly string[]): Promise<readonly string[]>;
  /** Forgets registry rows (never readings) of devices inactive for longer than `days`, but of none provisioned; answers how many. */
  forgetInactive(days: number): Promise<number>;
}

/** The few values an operator changes while the platform runs. */
export interface SettingStore {
  activeDeviceTimeoutSeconds(): Promise<number>;
  setActiveDeviceTimeoutSeconds(seconds: number, by: string): Promise<void>;
}

/** The database's side of the ledger. */
export interface LedgerStore {
  /** Everything accounted for, one line a shard of a stream, those of ended streams included. */
  accounts(): Promise<readonly ShardAccount[]>;
  /**
   * Looks at both sides and remembers how much the stream had taken in. One processor at a time: null while another one looks.
   */
  look(tallies: () => Promise<readonly ShardTally[]>): Promise<LedgerLook | null>;
  /** Devices by id, after the one named. */
  devices(query: { after: string; limit: number }): Promise<readonly DeviceAccount[]>;
  device(deviceId: string): Promise<DeviceAccount | null>;
  /** Adds up what batches noted since the last time, a bounded number of them; `isDone` when these were all. */
  fold(): Promise<{ readonly batches: number; readonly isDone: boolean }>;
  /** Counts the rows of up to `limit` devices after the one named and tells those whose account says otherwise. */
  compare(query: { after: string; limit: number }): Promise<DeviceComparison>;
}

/** Now, in microseconds since the epoch. */
export type Clock = () => number;

/** Which of the refused messages; all of them when nothing is named. */
export interface RejectionGroup {
  readonly code?: Rejection["code"] | undefined;
  readonly deviceId?: string | undefined;
  /** Only those received at this moment or before, microseconds since the epoch. */
  readonly untilUs?: number | undefined;
}

/** A place in the order of refused messages: by arrival, and by id within a microsecond. */
export interface RejectionPlace {
  readonly receivedUs: number;
  readonly id: string;
}

/** How a kept message ends by the will of an operator, as the record of changes names it. */
export type RejectionEnd = "rejected.replay" | "rejected.discard";

/** What was refused, until it is replayed, discarded or too old. An id that is not kept (any more) is passed over. */
export interface RejectionStore {
  /** Keeps what was refused at a door that does not go through the stream; what is kept already stays as it is. */
  keep(rejections: readonly Rejection[]): Promise<void>;
  /** Newest first, from behind `before` on. */
  list(
    query: RejectionGroup & { before?: RejectionPlace | undefined; limit: number },
  ): Promise<readonly Rejection[]>;
  /** Oldest first, from behind `after` on. */
  oldest(
    query: RejectionGroup & { after?: RejectionPlace | undefined; limit: number },
  ): Promise<readonly Rejection[]>;
  /** Those of these ids (UUIDs), oldest first. */
  find(ids: readonly string[]): Promise<readonly Rejection[]>;
  /** How many there are of each code, by code; codes without any are left out. */
  summary(group: RejectionGroup): Promise<readonly { code: Rejection["code"]; count: number }[]>;
  /** Removes these ids (UUIDs), since they were replayed or are to be thrown away; answers how many were there. */
  remove(ids: readonly string[], why: { action: RejectionEnd; by: string }): Promise<number>;
  /** Throws at most `limit` away, the oldest first; answers how many. */
  discardOldest(query: RejectionGroup & { limit: number }, by: string): Promise<number>;
  /** Answers how many. */
  forgetOlderThan(days: number): Promise<number>;
}

/** Who changed what. Stores that change what an operator may change record it in the same transaction; this is for the rest. */
export interface AuditStore {
  record(change: AuditRecord): Promise<void>;
  /** Newest first; those with an id below `before`. */
  list(query: {
    target?: string | undefined;
    before?: number | undefined;
    limit: number;
  }): Promise<readonly AuditEntry[]>;
}
