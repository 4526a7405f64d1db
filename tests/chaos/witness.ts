import type { Book, Entry } from "./book.ts";

export interface StoredVerdict {
  /** Acknowledged, and stored nowhere. */
  readonly missing: readonly string[];
  /** Acknowledged and gone, but with a Redis that was killed while it may have held the append back from its file. */
  readonly lostWithRedis: readonly string[];
  /** How long before that kill the first of them was acknowledged; 0 when none was lost. */
  readonly lossMs: number;
  /** Stored more than once. */
  readonly doubled: readonly string[];
  /** Stored, and sent by nobody. */
  readonly invented: readonly string[];
}

/**
 * Holds what was acknowledged against what is stored.
 * @param redisKillsMs when a Redis with `appendfsync everysec` was killed; none for one with `always`, which may lose nothing.
 */
export function compareStored(
  book: Book,
  stored: readonly string[],
  redisKillsMs: readonly number[],
): StoredVerdict {
  const { entries } = book;
  const known = new Set(stored);
  const gone = [...entries].filter(([key, entry]) => entry.acknowledgedAtMs !== undefined && !known.has(key));
  const judged = gone.map(([key, entry]) => ({ key, riskMs: riskOf(entry, redisKillsMs) }));
  return {
    missing: judged.filter(({ riskMs }) => riskMs === undefined).map(({ key }) => key),
    lostWithRedis: judged.filter(({ riskMs }) => riskMs !== undefined).map(({ key }) => key),
    lossMs: judged.reduce((most, { riskMs }) => Math.max(most, riskMs ?? 0), 0),
    doubled: repeatedOf(stored),
    invented: [...known].filter((key) => !entries.has(key)),
  };
}

/** Redis holds a write back for at most 2 s while an fsync is under way (`flushAppendOnlyFile`), and looks again each 100 ms. */
const heldBackMs = 2500;

/**
 * How long before the death of a Redis this was acknowledged, when the append, made between sending and acknowledging, can have
 * been in the memory of that Redis only; undefined when no death explains the loss.
 */
function riskOf({ sentAtMs, acknowledgedAtMs = 0 }: Entry, killsMs: readonly number[]): number | undefined {
  const atRisk = killsMs.filter((kill) => sentAtMs <= kill && acknowledgedAtMs >= kill - heldBackMs);
  return atRisk.length === 0
    ? undefined
    : Math.min(...atRisk.map((kill) => Math.abs(kill - acknowledgedAtMs)));
}

export interface Announcement {
  /** Of the entry in the event stream. */
  readonly id: string;
  readonly key: string;
}

export interface AnnouncedVerdict {
  /** Announced by more than one entry of the stream. */
  readonly twice: readonly string[];
  /** Announced, and no anomaly of the table. */
  readonly invented: readonly string[];
  /** In the table, and heard of by nobody. */
  readonly never: readonly string[];
  /** Heard while the load ran, and not in the stream at the end: it went with a killed Redis. */
  readonly lostWithRedis: readonly string[];
}

/** Holds the anomalies of the table against the events at the end, and those heard meanwhile. */
export function compareAnnounced(evidence: {
  readonly anomalies: readonly string[];
  readonly stream: readonly Announcement[];
  readonly heard: readonly Announcement[];
}): AnnouncedVerdict {
  const { anomalies, stream, heard } = evidence;
  const table = new Set(anomalies);
  const ids = new Set(stream.map(({ id }) => id));
  const keys = stream.map(({ key }) => key);
  const lost = heard.filter(({ id }) => !ids.has(id)).map(({ key }) => key);
  const told = new Set([...keys, ...lost]);
  return {
    twice: repeatedOf(keys),
    invented: [...told].filter((key) => !table.has(key)),
    never: anomalies.filter((key) => !told.has(key)),
    lostWithRedis: lost,
  };
}

/** What comes again, as often as it does. */
function repeatedOf(keys: readonly string[]): readonly string[] {
  const known = new Set<string>();
  return keys.filter((key) => {
    const isRepeated = known.has(key);
    known.add(key);
    return isRepeated;
  });
}
