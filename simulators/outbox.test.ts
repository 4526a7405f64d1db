import { expect, test } from "vitest";
import type { Message } from "./factory.ts";
import { createOutbox } from "./outbox.ts";

const message = (payload: string): Message => ({ topic: "t", payload, readings: 1 });

test("messages go out in order, each once", () => {
  const outbox = createOutbox(10);
  for (const payload of ["a", "b", "c"]) outbox.offer(message(payload));
  expect([outbox.next(), outbox.next(), outbox.next(), outbox.next()].map((e) => e?.message.payload)).toEqual(
    ["a", "b", "c", undefined],
  );
});

test("what was on the way when the connection was lost goes again, before the rest", () => {
  const outbox = createOutbox(10);
  for (const payload of ["a", "b", "c"]) outbox.offer(message(payload));
  const first = outbox.next();
  outbox.next();
  if (first !== undefined) outbox.settle(first);
  outbox.recall();
  expect([outbox.next(), outbox.next()].map((entry) => entry?.message.payload)).toEqual(["b", "c"]);
  expect(outbox.counts()).toEqual({ sent: 3, acknowledged: 1, resent: 1, dropped: 0, waiting: 2 });
});

test("a full outbox drops its oldest message that is not on the way", () => {
  const outbox = createOutbox(2);
  outbox.offer(message("a"));
  outbox.next();
  for (const payload of ["b", "c", "d"]) outbox.offer(message(payload));
  expect(outbox.size()).toBe(2);
  expect(outbox.next()?.message.payload).toBe("d");
  expect(outbox.counts().dropped).toBe(2);
});

test("an acknowledgement that comes after the connection was lost counts for nothing", () => {
  const outbox = createOutbox(2);
  outbox.offer(message("a"));
  const entry = outbox.next();
  outbox.recall();
  if (entry !== undefined) outbox.settle(entry);
  expect(outbox.counts()).toMatchObject({ acknowledged: 0, waiting: 1 });
});
