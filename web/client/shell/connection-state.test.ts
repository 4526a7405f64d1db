import { expect, test } from "vitest";
import { pingEveryMs, pingTimeoutMs } from "../../../schema/event.ts";
import {
  type ConnectionFacts,
  connectionStateOf,
  describeConnection,
  describeLoss,
} from "./connection-state.ts";

const facts: ConnectionFacts = { isConnected: true, wasLive: true, heardMs: 0, isOnline: true };
const after = (seconds: number, more: Partial<ConnectionFacts> = {}) =>
  connectionStateOf({ ...facts, ...more }, seconds * 1000);

test("a connection on which nothing was heard for longer than a ping may take is not live, and becomes it again", () => {
  expect(after(4.5)).toEqual({ kind: "live" });
  const silent = after(7);
  expect(describeConnection(silent)).toBe("no answer, 7 s");
  expect(describeLoss(silent)).toContain("The server has said nothing for 7 s.");
  expect(after(7, { heardMs: 6500 })).toEqual({ kind: "live" });
});

test("a server that is silent is given up within ten seconds", () => {
  expect(pingEveryMs + pingTimeoutMs).toBeLessThanOrEqual(10_000);
});

test("a lost connection counts from the last that was heard, and hopes for a minute", () => {
  const lost = after(11, { isConnected: false });
  expect(describeConnection(lost)).toBe("reconnecting, 11 s");
  expect(describeLoss(lost)).toContain("Connection lost 11 s ago.");
  expect(after(61, { isConnected: false }).kind).toBe("offline");
  expect(after(1, { isConnected: false, isOnline: false }).kind).toBe("offline");
});

test("the first connection is no loss, and a clock that was set back makes none", () => {
  const first = after(3, { isConnected: false, wasLive: false });
  expect(describeConnection(first)).toBe("connecting");
  expect(describeLoss(first)).toBeUndefined();
  expect(after(1, { heardMs: 90_000 })).toEqual({ kind: "live" });
});
