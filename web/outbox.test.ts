import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LivePoint, LiveReadings } from "../schema/event.ts";
import { Outbox, restMs } from "./outbox.ts";

let watched: Set<string>;
let sent: LiveReadings[];
let outbox: Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  watched = new Set(["a", "b"]);
  sent = [];
  outbox = new Outbox({
    isWatched: (deviceId) => watched.has(deviceId),
    send: (readings) => sent.push(readings),
  });
});

afterEach(() => {
  outbox.stop();
  vi.useRealTimers();
});

function point(value: number, isAnomaly: 0 | 1 = 0): LivePoint {
  return ["temperature", value, value, 0.1, isAnomaly];
}

function add(deviceId: string, ...readings: LivePoint[]): void {
  outbox.add([{ deviceId, readings }]);
}

/** What was sent since the last look, as `device:value,value`. */
function look(): string[] {
  const seen = sent.map(
    ({ deviceId, readings }) => `${deviceId}:${readings.map(([, , value]) => value).join()}`,
  );
  sent = [];
  return seen;
}

test("sends a device that rested at once, and gathers what follows until its rest is over", () => {
  add("a", point(1));
  expect(look()).toEqual(["a:1"]);
  add("a", point(2), point(3));
  vi.advanceTimersByTime(restMs - 1);
  add("a", point(4));
  expect(look()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(look()).toEqual(["a:2,3,4"]);
});

test("sends a device that never pauses once a rest", () => {
  for (let elapsedMs = 0; elapsedMs < 10 * restMs; elapsedMs += restMs / 10) {
    add("a", point(elapsedMs));
    vi.advanceTimersByTime(restMs / 10);
  }
  expect(look()).toHaveLength(11);
});

test("lets each device rest by itself", () => {
  add("a", point(1));
  vi.advanceTimersByTime(restMs / 2);
  add("b", point(2));
  expect(look()).toEqual(["a:1", "b:2"]);
  add("a", point(3));
  add("b", point(4));
  vi.advanceTimersByTime(restMs / 2);
  expect(look()).toEqual(["a:3"]);
  vi.advanceTimersByTime(restMs / 2);
  expect(look()).toEqual(["b:4"]);
});

test("sends an anomaly at once with what waits of its device, and leaves the others waiting", () => {
  add("a", point(1));
  add("b", point(2));
  add("a", point(3));
  add("b", point(4));
  look();
  add("a", point(5, 1));
  expect(look()).toEqual(["a:3,5"]);
  vi.advanceTimersByTime(restMs);
  expect(look()).toEqual(["b:4"]);
});

test("sends what waits of a device when asked to, and nothing twice", () => {
  add("a", point(1));
  add("a", point(2));
  look();
  outbox.flush("a");
  outbox.flush("a");
  outbox.flush("b");
  expect(look()).toEqual(["a:2"]);
});

test("forgets devices that nobody watches and those that fall quiet", () => {
  add("c", point(1));
  add("a", point(2));
  add("b", point(3));
  add("b", point(4));
  expect(look()).toEqual(["a:2", "b:3"]);
  watched.delete("b");
  vi.advanceTimersByTime(restMs);
  expect(look()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what is usual goes out with the readings, also when they had to wait, and once", () => {
  const bands = [["temperature", 1, 19, 24]] as const;
  outbox.add([{ deviceId: "a", readings: [point(1)], bands }]);
  outbox.add([{ deviceId: "a", readings: [point(2)], bands: [["temperature", 2, 20, 25]] }]);
  outbox.add([{ deviceId: "a", readings: [point(3)] }]);
  vi.advanceTimersByTime(restMs);
  add("a", point(4));
  vi.advanceTimersByTime(restMs);
  expect(sent.map((message) => message.bands)).toEqual([bands, [["temperature", 2, 20, 25]], undefined]);
});
