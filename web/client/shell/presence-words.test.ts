import { expect, test } from "vitest";
import { describeState } from "./presence-words.ts";

const connection = (isOnline: boolean, reason: string) => ({ isOnline, reason, sinceUs: 0 });

test("a device that is late, gone or unheard of has a reason", () => {
  expect(describeState({ state: "stale", connection: null })).toBe("silent for twice its usual gap");
  expect(describeState({ state: "offline", connection: null })).toBe(
    "silent for far longer than is usual for it",
  );
  expect(describeState({ state: "never-seen", connection: null })).toBe("made known, and never heard of");
});

test("what broke its connection is the reason why it is gone, and what it is connected by is none", () => {
  const lost = describeState({ state: "offline", connection: connection(false, "lost") });
  expect(lost).toMatch(/^connection lost, since /);
  expect(describeState({ state: "stale", connection: connection(true, "connected") })).toBe(
    "connected, but silent for twice its usual gap",
  );
});

test("a device that is as it should be says only whether it is connected", () => {
  expect(describeState({ state: "online", connection: connection(true, "connected") })).toBe("connected");
  expect(describeState({ state: "online", connection: connection(false, "disconnected") })).toBe(
    "not connected",
  );
  expect(describeState({ state: "online", connection: null })).toBe("");
});
