import fc from "fast-check";
import { expect, test } from "vitest";
import { accountedIn, observed, type ShardAccount, type ShardTally, toLedger } from "./ledger.ts";

const key = { streamId: "s", shard: 0 };

function account(over: Partial<ShardAccount> = {}): ShardAccount {
  return { ...key, stored: 0, duplicate: 0, rejected: 0, observed: 0, setback: 0, server: "run 1", ...over };
}

function tally(over: Partial<ShardTally> = {}): ShardTally {
  const received = over.received ?? 0;
  return { ...key, server: "run 1", received, promised: received, settled: 0, entries: 0, ...over };
}

function ledgerOf(before: ShardAccount, seen: ShardTally, after: ShardAccount = before) {
  return toLedger({ before: [before], tallies: [seen], after: [after] });
}

test("what rests adds up: all that was received is stored, a duplicate or rejected", () => {
  const done = account({ stored: 90, duplicate: 7, rejected: 3 });
  expect(ledgerOf(done, tally({ received: 100, settled: 100 }))).toEqual({
    received: 100,
    stored: 90,
    duplicate: 7,
    rejected: 3,
    inFlight: 0,
    difference: 0,
  });
});

test("what waits in the stream is in flight", () => {
  const seen = tally({ received: 100, settled: 60, entries: 4 });
  expect(ledgerOf(account({ stored: 60 }), seen)).toMatchObject({ inFlight: 40, difference: 0 });
});

test("what was stored and not let go of yet is not counted twice", () => {
  const seen = tally({ received: 100, settled: 50, entries: 5 });
  expect(ledgerOf(account({ stored: 60 }), seen)).toMatchObject({
    received: 100,
    inFlight: 40,
    difference: 0,
  });
});

test("what the stream let go of without its being stored is missing", () => {
  const seen = tally({ received: 100, settled: 70, entries: 3 });
  expect(ledgerOf(account({ stored: 60 }), seen)).toMatchObject({ inFlight: 30, difference: 10 });
});

test("what vanished from the stream is missing", () => {
  const seen = tally({ received: 100, settled: 60, entries: 0 });
  expect(ledgerOf(account({ stored: 60 }), seen)).toMatchObject({ inFlight: 0, difference: 40 });
});

test("more accounted for than was taken in is a negative difference", () => {
  const seen = tally({ received: 100, settled: 100 });
  expect(ledgerOf(account({ stored: 110 }), seen)).toMatchObject({ received: 100, difference: -10 });
});

test("a shard that nobody has taken yet is all in flight, and one whose stream ended counts what was seen of it", () => {
  const seen = tally({ received: 5, entries: 1 });
  expect(toLedger({ before: [], tallies: [seen], after: [] })).toMatchObject({ received: 5, inFlight: 5 });
  const ended = account({ streamId: "old", stored: 8, observed: 10 });
  expect(toLedger({ before: [ended], tallies: [], after: [ended] })).toMatchObject({
    received: 10,
    difference: 2,
  });
});

// A shard that lives: frames come, are stored, are let go of; looks happen in between in the order of `toLedger`.
test("whenever it is looked at, a shard that loses nothing adds up", () => {
  const steps = fc.array(
    fc.constantFrom("append", "store", "settle", "lookBefore", "lookAtTally", "lookAfter"),
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), (order, size) => {
      let [appended, stored, settled] = [0, 0, 0];
      const tallyNow = () => {
        return tally({ received: appended * size, settled: settled * size, entries: appended - settled });
      };
      let before = account();
      let seen = tally();
      const doing: Record<(typeof order)[number], () => void> = {
        append: () => {
          appended += 1;
        },
        store: () => {
          stored = Math.min(stored + 1, appended);
        },
        settle: () => {
          settled = stored;
        },
        lookBefore: () => {
          before = account({ stored: stored * size });
          seen = tallyNow();
        },
        lookAtTally: () => {
          seen = tallyNow();
        },
        lookAfter: () => {
          const ledger = ledgerOf(before, seen, account({ stored: stored * size }));
          expect(ledger.difference).toBe(0);
          expect(ledger.received).toBe(accountedIn(ledger) + ledger.inFlight);
        },
      };
      for (const step of order) doing[step]();
    }),
  );
});

test("a stream that came back with less than it had is taken up where it was, and what it lost is missing", () => {
  const before = account({ stored: 60, observed: 100 });
  // 100 were promised and 60 of them stored; the newest 25 are gone with the file they were in.
  const seen = tally({ server: "run 2", received: 75, settled: 60, entries: 2 });
  const now = { ...before, ...observed(before, seen) };
  expect(now).toMatchObject({ observed: 100, setback: 25 });
  const drained = { ...now, stored: 75 };
  expect(ledgerOf(drained, tally({ server: "run 2", received: 75, settled: 75 }))).toMatchObject({
    difference: 25,
  });
});

test("a stream that lost only what was stored already has lost nothing", () => {
  const before = account({ stored: 100, observed: 80 });
  const seen = tally({ server: "run 2", received: 90, settled: 85, entries: 1 });
  const now = { ...before, ...observed(before, seen) };
  expect(ledgerOf(now, tally({ server: "run 2", received: 90, settled: 90 }))).toMatchObject({
    received: 100,
    difference: 0,
  });
});
