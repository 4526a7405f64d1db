import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  covers,
  isProvisionable,
  mayHear,
  mayPublish,
  maySubscribe,
  mayUseClientId,
  type Principal,
  reaches,
  rightsOf,
} from "./access.ts";

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

test("names that MQTT leaves to servers are subscribed to by nobody, $SYS by whoever may", () => {
  const all = { kind: "service", name: "all", publish: [], subscribe: ["#", "$share/#", "$SYS/#"] } as const;
  for (const principal of [all, { kind: "anyone" }] as const) {
    expect(maySubscribe(principal, "$share/group/devices/#")).toBe(false);
    expect(maySubscribe(principal, "$SYS/#")).toBe(true);
  }
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

test("prepared rights are the same rights", () => {
  const level = fc.constantFrom("devices", "a", "b", "", "$SYS", "a.c", "telemetry", "\n");
  const wild = fc.oneof(level, fc.constant("+"));
  const filters = fc
    .tuple(fc.array(wild, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"));
  const patterns = fc.array(fc.oneof(filters, fc.constant("#")), { maxLength: 3 });
  const principals: fc.Arbitrary<Principal> = fc.oneof(
    fc.constant<Principal>({ kind: "anyone" }),
    fc.constantFrom("a", "b", "a.c").map((deviceId): Principal => ({ kind: "device", deviceId })),
    fc
      .tuple(patterns, patterns)
      .map(([publish, subscribe]): Principal => ({ kind: "service", name: "s", publish, subscribe })),
  );
  const topics = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/"));
  fc.assert(
    fc.property(principals, topics, (principal, topic) => {
      const rights = rightsOf(principal);
      expect(rights.mayPublish(topic)).toBe(mayPublish(principal, topic));
      expect(rights.mayHear(topic)).toBe(mayHear(principal, topic));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ["press-01", true],
  ["press-01/window", true],
  ["", true],
  ["press-011", false],
  ["press-02", false],
  ["service/bridge", false],
])("a device may connect with the client id %j: %s", (clientId, expected) => {
  expect(mayUseClientId(device, clientId)).toBe(expected);
});

test("a service account connects under its user name, and no device can", () => {
  expect(mayUseClientId(bridge, "service/bridge/1")).toBe(true);
  expect(mayUseClientId(bridge, "press-01")).toBe(false);
  expect(mayUseClientId({ kind: "device", deviceId: "bridge" }, "service/bridge")).toBe(false);
  expect(["service", "service/x", "a"].map(isProvisionable)).toEqual([false, false, true]);
});

test("a role may do what those below it may", () => {
  expect(reaches("admin", "viewer")).toBe(true);
  expect(reaches("operator", "operator")).toBe(true);
  expect(reaches("viewer", "operator")).toBe(false);
});
