import { expect, test } from "vitest";
import { Admission, type AdmissionLimits, type Visit } from "./admission.ts";

const none: AdmissionLimits = {
  connectionsPerAddress: 0,
  connectsPerSecond: 0,
  refusalsPerMinute: 0,
  unauthenticated: 0,
};

/** Comes so many times at one moment; answers with the visits, and with what the others were refused for. */
function arriveTimes(admission: Admission, times: number, { address = "10.0.0.1", nowMs = 0 } = {}) {
  const arrivals = Array.from({ length: times }, () => admission.arrive(address, nowMs));
  return {
    visits: arrivals.flatMap((arrival): Visit[] => (arrival.kind === "admitted" ? [arrival.visit] : [])),
    refusals: arrivals.flatMap((arrival) => (arrival.kind === "refused" ? [arrival.limit] : [])),
  };
}

test("an address has so many connections at a time, and another one its own", () => {
  const admission = new Admission({ ...none, connectionsPerAddress: 2 });
  const { visits, refusals } = arriveTimes(admission, 3);
  expect(refusals).toEqual(["connections_per_address"]);
  expect(arriveTimes(admission, 1, { address: "10.0.0.2" }).refusals).toEqual([]);
  visits[0]?.end(0);
  expect(arriveTimes(admission, 2).refusals).toEqual(["connections_per_address"]);
});

test("the addresses of a /64 are one caller", () => {
  const admission = new Admission({ ...none, connectionsPerAddress: 1 });
  expect(admission.arrive("2001:db8::1", 0).kind).toBe("admitted");
  expect(admission.arrive("2001:db8::2", 0)).toEqual({
    kind: "refused",
    limit: "connections_per_address",
    address: "2001:db8:0:0::/64",
  });
  expect(admission.arrive("2001:db8:0:1::1", 0).kind).toBe("admitted");
});

test("twenty seconds' worth of connections may come at once, the rest a second at a time", () => {
  const admission = new Admission({ ...none, connectsPerSecond: 5 });
  expect(arriveTimes(admission, 101).refusals).toEqual(["connect_rate"]);
  expect(arriveTimes(admission, 6, { nowMs: 1000 }).visits).toHaveLength(5);
});

test("strangers are bounded over all addresses, and leave by being let in or by leaving", () => {
  const admission = new Admission({ ...none, unauthenticated: 2 });
  const [first, second] = arriveTimes(admission, 2).visits;
  const another = { address: "10.0.0.2" };
  expect(arriveTimes(admission, 1, another).refusals).toEqual(["unauthenticated"]);
  first?.becomeKnown();
  first?.becomeKnown();
  second?.end(0);
  expect(admission.strangers).toBe(0);
  first?.end(0);
  expect(admission.strangers).toBe(0);
});

test("an address whose connections come to nothing is shut out; those it has stay", () => {
  const admission = new Admission({ ...none, refusalsPerMinute: 60 });
  const [good] = arriveTimes(admission, 1).visits;
  good?.becomeKnown();
  const { visits } = arriveTimes(admission, 61);
  expect(visits.map((visit) => visit.end(0)).filter((ms) => ms > 0)).toEqual([5000]);
  expect(arriveTimes(admission, 1, { nowMs: 4999 }).refusals).toEqual(["address_banned"]);
  expect(arriveTimes(admission, 1, { nowMs: 4999, address: "10.0.0.2" }).refusals).toEqual([]);
  expect(arriveTimes(admission, 1, { nowMs: 5000 }).refusals).toEqual([]);
});

test("who leaves before we answer has failed, unless it has waited for long", () => {
  const admission = new Admission({ ...none, refusalsPerMinute: 1 });
  for (const visit of arriveTimes(admission, 100).visits) {
    visit.ask(0);
    expect(visit.end(5000)).toBe(0);
  }
  const [first, second] = arriveTimes(admission, 2).visits;
  first?.ask(0);
  expect(first?.end(4999)).toBe(0);
  second?.ask(0);
  second?.refuse();
  expect(second?.end(9000)).toBe(5000);
});

test("who was let in, and who was turned away for our fault, is not held against the address", () => {
  const admission = new Admission({ ...none, refusalsPerMinute: 60 });
  for (const visit of arriveTimes(admission, 100).visits) {
    visit.becomeKnown();
    expect(visit.end(0)).toBe(0);
  }
  for (const visit of arriveTimes(admission, 100).visits) {
    visit.excuse();
    expect(visit.end(0)).toBe(0);
  }
  expect(arriveTimes(admission, 1).refusals).toEqual([]);
});
