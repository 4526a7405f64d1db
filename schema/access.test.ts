import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covers, mayHear, mayPublish, maySubscribe, type Principal, reaches } from "./access.ts";

const device: Principal = { kind: "device", deviceId: "press-01" };
const bridge: Principal = {
  kind: "service",
  name: "bridge",
  publish: ["devices/+/telemetry/#"],
  subscribe: ["devices/+/anomalies", "$SYS/#"],
};

describe("a device", () => {
  test.each(["devices/press-01/telemetry", "devices/press-01/commands/reset/answer"])(
    "may publish on %s",
    (topic) => expect(mayPublish(device, topic)).toBe(true),
  );
  test.each(["devices/press-02/telemetry", "devices/press-011", "other", "$SYS/x", "devices"])(
    "may not publish on %s",
    (topic) => expect(mayPublish(device, topic)).toBe(false),
  );
  test.each(["devices/press-01/#", "devices/press-01/commands/+", "devices/press-01"])(
    "may subscribe to %s",
    (filter) => expect(maySubscribe(device, filter)).toBe(true),
  );
  test.each(["#", "devices/#", "devices/+/commands/reset", "+/press-01/#", "$SYS/#", "devices/press-02/#"])(
    "may not subscribe to %s",
    (filter) => expect(maySubscribe(device, filter)).toBe(false),
  );
});

describe("a service account", () => {
  test("has what its patterns say and no more", () => {
    expect(mayPublish(bridge, "devices/a/telemetry")).toBe(true);
    expect(mayPublish(bridge, "devices/a/commands/x")).toBe(false);
    expect(maySubscribe(bridge, "devices/a/anomalies")).toBe(true);
    expect(maySubscribe(bridge, "devices/#")).toBe(false);
    expect(maySubscribe(bridge, "$SYS/+/heartbeat")).toBe(true);
    expect(mayHear(bridge, "devices/a/status")).toBe(false);
  });
  test("writes no $SYS, whatever its patterns say", () => {
    expect(mayPublish({ ...bridge, publish: ["#", "$SYS/#"] }, "$SYS/x")).toBe(false);
  });
});

test("anyone may do everything but speak as the platform", () => {
  expect(mayPublish({ kind: "anyone" }, "a/b")).toBe(true);
  expect(maySubscribe({ kind: "anyone" }, "#")).toBe(true);
  expect(mayPublish({ kind: "anyone" }, "$SYS/x")).toBe(false);
});

test.each([
  ["#", "a/b", true],
  ["#", "#", true],
  ["#", "$SYS/a", false],
  ["+/a", "$SYS/a", false],
  ["a/#", "a", true],
  ["a/+", "a", false],
  ["a/+", "a/+", true],
  ["a/+", "a/#", false],
  ["a/b", "a/+", false],
  ["+", "a/b", false],
  ["a/#", "a/b/#", true],
  ["+/+", "/", true],
])("%s covers %s: %s", (pattern, filter, expected) => expect(covers(pattern, filter)).toBe(expected));

test("what a filter matches, a pattern that covers it matches too", () => {
  const level = fc.constantFrom("a", "b", "");
  const wild = fc.constantFrom("a", "b", "", "+");
  const filters = fc
    .tuple(fc.array(wild, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"));
  const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
  fc.assert(
    fc.property(filters, filters, topics, (pattern, filter, topic) => {
      if (covers(pattern, filter) && covers(filter, topic)) expect(covers(pattern, topic)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("a role may do what those below it may", () => {
  expect(reaches("admin", "viewer")).toBe(true);
  expect(reaches("operator", "operator")).toBe(true);
  expect(reaches("viewer", "operator")).toBe(false);
});
