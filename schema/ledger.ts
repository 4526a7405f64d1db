// Everything here is counted in readings; a rejected message counts as one, however many readings it may have meant.

/** What went through one shard of a stream, as the stream itself counts. */
export interface ShardTally {
  readonly shard: number;
  /** Another one for every stream that began empty: a Redis that lost its data, or the memory of a new process. */
  readonly streamId: string;
  /** The run of the server that keeps it; only another run can have come back with less than it had. */
  readonly server: string;
  /** Taken in since the stream began. */
  readonly received: number;
  /** Of these, acknowledged to whoever sent them: all in a stream that outlives its process, the settled ones in one that does not. */
  readonly promised: number;
  /** Of these, stored and let go of. */
  readonly settled: number;
  /** Entries that are still there. */
  readonly entries: number;
}

/** What the database accounts for of one shard of one stream, since that stream began. */
export interface ShardAccount {
  readonly streamId: string;
  readonly shard: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** The most the stream was ever seen to have promised. */
  readonly observed: number;
  /** The run of the server that was looked at last; null before the first look. */
  readonly server: string | null;
  /** By how much the stream's own count fell behind when it lost its newest entries. */
  readonly setback: number;
}

/** What became of the readings of one device. */
export interface DeviceAccount {
  readonly deviceId: string;
  readonly stored: number;
  readonly duplicate: number;
  readonly rejected: number;
}

/** What counting the rows of some devices brought to light. */
export interface DeviceComparison {
  readonly compared: number;
  /** Where the next look goes on; empty when it starts again from the first device. */
  readonly last: string;
  readonly differing: readonly {
    readonly deviceId: string;
    readonly stored: number;
    readonly rows: number;
  }[];
}

/** received = stored + duplicate + rejected + inFlight + difference. */
export interface Ledger {
  readonly received: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Taken in and not yet accounted for. */
  readonly inFlight: number;
  /** 0. Above: readings that were taken in are gone. Below: more is accounted for than was taken in. */
  readonly difference: number;
}

/** One look at both sides; the order of the looks is what makes the comparison exact while readings flow. */
export interface LedgerLook {
  /** Of the database, read before the tallies. */
  readonly before: readonly ShardAccount[];
  readonly tallies: readonly ShardTally[];
  /** Of the database, read after the tallies. */
  readonly after: readonly ShardAccount[];
}

export const emptyLedger: Ledger = {
  received: 0,
  stored: 0,
  duplicate: 0,
  rejected: 0,
  inFlight: 0,
  difference: 0,
};

/** The ledger of a look. A stream that ended counts with the most it was ever seen to promise. */
export function toLedger({ before, tallies, after }: LedgerLook): Ledger {
  const known = new Map(before.map((account) => [keyOf(account), account]));
  const current = new Map(tallies.map((tally) => [keyOf(tally), tally]));
  const lines = after.map((account) =>
    lineOf(account, known.get(keyOf(account)), current.get(keyOf(account))),
  );
  const accounted = new Set(after.map(keyOf));
  const untouched = tallies.filter((tally) => !accounted.has(keyOf(tally)));
  return [...lines, ...untouched.map(waitingOnly)].reduce(sum, emptyLedger);
}

function lineOf(
  after: ShardAccount,
  before: ShardAccount | undefined,
  tally: ShardTally | undefined,
): Ledger {
  const { stored, duplicate, rejected } = after;
  const accounted = accountedIn(after);
  if (tally === undefined) {
    const received = Math.max(after.observed, accounted);
    return { received, stored, duplicate, rejected, inFlight: 0, difference: received - accounted };
  }
  const received = tally.received + observed(before ?? after, tally).setback;
  const excess = Math.max(0, (before === undefined ? 0 : accountedIn(before)) - received);
  if (excess > 0) {
    return { received: accounted - excess, stored, duplicate, rejected, inFlight: 0, difference: -excess };
  }
  // What the stream let go of was stored before, so by now it is accounted for; all of it, when the stream is empty.
  const gone = tally.entries === 0 ? received : tally.settled;
  const lost = Math.max(0, gone - accounted);
  const inFlight = Math.max(0, received - accounted - lost);
  return { received: Math.max(received, accounted), stored, duplicate, rejected, inFlight, difference: lost };
}

function waitingOnly({ received, entries }: ShardTally): Ledger {
  const isThere = entries > 0;
  return { ...emptyLedger, received, inFlight: isThere ? received : 0, difference: isThere ? 0 : received };
}

/**
 * The account of a shard after a look at its stream, `before` having been read before the tally. After another start of the
 * server, a count below what was seen or stored already means that it came back from a file without the newest entries.
 */
export function observed(
  before: ShardAccount,
  tally: ShardTally,
): Pick<ShardAccount, "observed" | "setback" | "server"> {
  const hasRestarted = before.server !== null && before.server !== tally.server;
  const known = Math.max(before.observed, accountedIn(before));
  const setback = hasRestarted ? Math.max(before.setback, known - tally.received) : before.setback;
  return {
    observed: Math.max(before.observed, tally.promised + setback),
    setback,
    server: tally.server,
  };
}

/** All that an account says became of readings. */
export function accountedIn({
  stored,
  duplicate,
  rejected,
}: Pick<ShardAccount, "stored" | "duplicate" | "rejected">): number {
  return stored + duplicate + rejected;
}

function keyOf({ streamId, shard }: { streamId: string; shard: number }): string {
  return `${streamId} ${shard}`;
}

function sum(a: Ledger, b: Ledger): Ledger {
  return {
    received: a.received + b.received,
    stored: a.stored + b.stored,
    duplicate: a.duplicate + b.duplicate,
    rejected: a.rejected + b.rejected,
    inFlight: a.inFlight + b.inFlight,
    difference: a.difference + b.difference,
  };
}
