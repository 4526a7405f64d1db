import type { Book, Entry } from "./book.ts";
import type { FaultSpan } from "./faults.ts";

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

/** A connection with a will, from its CONNACK to its end. */
export interface Life {
  /** What its will says, and no other. */
  readonly name: string;
  readonly broker: string;
  /** Infinite while there is no CONNACK. */
  fromMs: number;
  /** Undefined while it lasts. */
  untilMs: number | undefined;
}

/** A will as one subscriber heard it. */
export interface HeardWill {
  readonly name: string;
  readonly subscriber: string;
  readonly atMs: number;
}

export interface WillsVerdict {
  /** Lives that ended with a killed broker while nothing else was wrong. */
  readonly judged: number;
  /** Of these, whose will nobody heard within 5 s. */
  readonly late: readonly string[];
  /** Of these, whose will one subscriber heard more than once. */
  readonly twice: readonly string[];
  /** Heard, and the life went on, or there was none. */
  readonly invented: readonly string[];
  /** The longest time from a kill to a will that was judged, ms. */
  readonly slowestMs: number;
}

const willMs = 5000;
/** A broker that was frozen and taken for dead closes its connections when it goes on. */
const frozenMs = 10_000;

/** Holds the lives that ended with a killed broker against the wills that were heard. */
export function compareWills(evidence: {
  readonly lives: readonly Life[];
  readonly heard: readonly HeardWill[];
  readonly faults: readonly FaultSpan[];
}): WillsVerdict {
  const { lives, heard, faults } = evidence;
  const judged = faults
    .filter((fault) => isPlain(fault, faults))
    .flatMap(({ target, fromMs }) => {
      const ended = lives.filter((life) => life.broker === target && wasThere(life, fromMs));
      return ended.map(({ name }) => {
        const heardMs = heard.flatMap((will) => (will.name === name ? [will.atMs] : []));
        const subscribers = heard.flatMap((will) => (will.name === name ? [will.subscriber] : []));
        return {
          name,
          afterMs: Math.min(...heardMs) - fromMs,
          isRepeated: repeatedOf(subscribers).length > 0,
        };
      });
    });
  return {
    judged: judged.length,
    late: judged.filter(({ afterMs }) => afterMs > willMs).map(({ name }) => name),
    twice: judged.filter(({ isRepeated }) => isRepeated).map(({ name }) => name),
    invented: heard.filter((will) => !lives.some((life) => mayHaveDied(life, will))).map(({ name }) => name),
    slowestMs: Math.max(0, ...judged.map(({ afterMs }) => afterMs)),
  };
}

/** A broker killed while Redis and the other broker are well, before and until its wills are due. */
function isPlain({ action, target, fromMs }: FaultSpan, faults: readonly FaultSpan[]): boolean {
  const isBroker = (name: string): boolean => name.startsWith("broker");
  if (action !== "kill" || !isBroker(target)) return false;
  const others = faults.filter(
    (fault) => fault.fromMs !== fromMs && (isBroker(fault.target) || fault.target === "redis"),
  );
  return !others.some((fault) => fault.fromMs < fromMs + willMs && fault.untilMs > fromMs - willMs);
}

/** With a second for its broker to tell of it. */
function wasThere({ fromMs, untilMs = Number.POSITIVE_INFINITY }: Life, atMs: number): boolean {
  return fromMs < atMs - 1000 && untilMs > atMs - 100;
}

function mayHaveDied({ name, untilMs = Number.POSITIVE_INFINITY }: Life, will: HeardWill): boolean {
  return name === will.name && untilMs < will.atMs + frozenMs;
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
