import { expect, test } from "vitest";
import { RetainedBook } from "./retained-book.ts";
import { SessionBook, type SessionLimits } from "./session-book.ts";
import { SubscriptionBook } from "./subscription-book.ts";

test("a client has so many filters, and one it has already is not one more", () => {
  const book = new SubscriptionBook(2);
  const client = { clean: true };
  const granted = (...filters: string[]) => filters.map((topic) => book.grant(client, { topic, qos: 0 }));
  expect(granted("a", "b", "c", "a")).toEqual([true, true, false, true]);
  expect(book.grant({ clean: true }, { topic: "c", qos: 0 })).toBe(true);
  book.release(client, ["a", "never"]);
  expect(granted("c", "d")).toEqual([true, false]);
});

test("of a session that is kept, each grant is there once to be stored", () => {
  const book = new SubscriptionBook(0);
  const client = { clean: false };
  book.grant(client, { topic: "a", qos: 0 });
  book.grant(client, { topic: "b", qos: 1 });
  expect(book.takeFresh(client).map(({ topic }) => topic)).toEqual(["a", "b"]);
  expect(book.takeFresh(client)).toEqual([]);
});

test("retained messages are bounded in number; an empty one makes room, another value of a topic needs none", () => {
  const book = new RetainedBook({ messages: 2, bytes: 0 });
  expect(["a", "b", "c", "a"].map((topic) => book.retain(topic, 1))).toEqual([
    ...[undefined, undefined, "retained_messages", undefined],
  ]);
  expect(book.retain("b", 0)).toBeUndefined();
  expect(book.retain("c", 1)).toBeUndefined();
});

test("retained messages are bounded in bytes of topic and payload", () => {
  const book = new RetainedBook({ messages: 0, bytes: 100 });
  expect(book.retain("a", 99)).toBeUndefined();
  expect(book.retain("b", 1)).toBe("retained_bytes");
  expect(book.retain("a", 100)).toBe("retained_bytes");
  expect(book.retain("a", 97)).toBeUndefined();
  expect(book.retain("b", 1)).toBeUndefined();
  book.recount([{ topic: "z", payloadBytes: 9 }]);
  expect(book.retain("b", 89)).toBeUndefined();
});

const unlimited: SessionLimits = {
  sessions: 0,
  expiryMs: 1e9,
  queuedMessages: 0,
  queuedBytes: 0,
  queuedBytesTotal: 0,
  inflight: 0,
};

test("of the sessions that are away the one that is away longest has to end first", () => {
  const book = new SessionBook({ ...unlimited, sessions: 2 });
  for (const [place, clientId] of ["a", "b", "a", "c", "d"].entries()) book.leave(clientId, place);
  book.enter("d");
  expect(book.outdated(9)).toEqual({ clientId: "b", limit: "sessions" });
  book.forget("b");
  expect(book.outdated(9)).toBeUndefined();
});

test("a session has to end when it has been away for too long, whatever there is room for", () => {
  const book = new SessionBook({ ...unlimited, expiryMs: 1000 });
  book.leave("a", 0);
  expect(book.outdated(1000)).toBeUndefined();
  expect(book.outdated(1001)).toEqual({ clientId: "a", limit: "session_expired" });
});

test("a queue is bounded in messages and in bytes, each session for itself", () => {
  const book = new SessionBook({ ...unlimited, queuedMessages: 2, queuedBytes: 1000 });
  book.queued("a", 500);
  expect([book.objection("a", 501), book.objection("a", 500)]).toEqual(["queued_bytes", undefined]);
  book.queued("a", 100);
  expect([book.objection("a", 1), book.objection("b", 1)]).toEqual(["queued_messages", undefined]);
  book.unqueued("a", 100);
  expect(book.objection("a", 1)).toBeUndefined();
});

test("all queues together are bounded: sessions that are away make room, and where there are none nothing more is kept", () => {
  const book = new SessionBook({ ...unlimited, queuedBytesTotal: 1000 });
  book.queued("here", 900);
  expect(book.objection("here", 200)).toBe("queued_bytes_total");
  book.leave("a", 0);
  book.queued("a", 200);
  expect(book.outdated(1)).toEqual({ clientId: "a", limit: "queued_bytes_total" });
  book.forget("a");
  expect([book.outdated(1), book.objection("here", 100)]).toEqual([undefined, undefined]);
});

test("QoS 2 messages that wait for their PUBREL are bounded over the connections of a client", () => {
  const book = new SessionBook({ ...unlimited, inflight: 2 });
  book.awaitsRelease("a", 1);
  book.awaitsRelease("a", 1);
  expect([book.mayAwaitRelease("a"), book.mayAwaitRelease("b")]).toEqual([false, true]);
  book.awaitsRelease("a", -1);
  expect(book.mayAwaitRelease("a")).toBe(true);
});
