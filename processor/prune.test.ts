import { expect, test } from "vitest";
import { openLog } from "../platform/telemetry.ts";
import type { PlatformEvent } from "../schema/event.ts";
import { forgetHistory, forgetOld, openPruning, type PruneDeps } from "./prune.ts";

const retention = { devicesDays: 1, rejectedDays: 2, commandsDays: 3, alarmsDays: 4, notificationsDays: 5 };

test("what cannot be forgotten keeps nothing else from being forgotten, and is told", async () => {
  const asked: string[] = [];
  const forgetting =
    (what: string, isAway = false) =>
    async (days: number) => {
      asked.push(`${what} ${days}`);
      if (isAway) throw new Error(`cannot forget ${what}`);
      return 0;
    };
  // Of the stores forgetOld asks for nothing else.
  const deps = {
    devices: { forgetInactive: forgetting("devices", true) },
    rejections: { forgetOlderThan: forgetting("rejections") },
    commands: { forgetOlderThan: forgetting("commands", true) },
    alarms: { forgetCleared: forgetting("alarms") },
    notifications: { forgetOlderThan: forgetting("notifications") },
    previews: { forgetOlderThan: forgetting("previews") },
    log: openLog({ level: "silent", format: "json" }),
  } as unknown as PruneDeps;
  await expect(forgetOld(deps, retention)).rejects.toThrow("cannot forget devices; cannot forget commands");
  expect(asked).toEqual([
    "devices 1",
    "rejections 2",
    "commands 3",
    "alarms 4",
    "notifications 5",
    "previews 30",
  ]);
});

test("who fell silent while events could be told to nobody is told of once they can be, unless it spoke again", async () => {
  const told: string[][] = [];
  const silent = [["press-1", "press-2"], ["press-3"], []];
  let isAway = true;
  // Of the rest the job asks for nothing else.
  const deps = {
    devices: {
      deactivateSilent: async () => silent.shift() ?? [],
      stillInactive: async (ids: readonly string[]) => ids.filter((id) => id !== "press-2"),
    },
    settings: { activeDeviceTimeoutSeconds: async () => 60 },
    events: {
      publish: async (events: readonly PlatformEvent[]) => {
        if (isAway) throw new Error("Redis is away");
        told.push(events.map((event) => ("deviceId" in event ? `${event.kind} ${event.deviceId}` : "")));
      },
    },
    log: openLog({ level: "silent", format: "json" }),
    metrics: { devicesPruned: { inc: () => undefined } },
    stream: { waiting: async () => [] },
    shards: 1,
    now: () => 0,
  } as unknown as Parameters<typeof openPruning>[0];
  const prune = openPruning(deps);
  await expect(prune()).rejects.toThrow("Redis is away");
  isAway = false;
  await prune();
  await prune();
  expect(told).toEqual([["device-inactive press-1", "device-inactive press-3"]]);
});

test("while readings wait to be stored, silence counts up to when the oldest of them came", async () => {
  const asked: number[] = [];
  const nowUs = 1e15;
  let waiting: readonly number[][] = [];
  // Of the rest the job asks for nothing else.
  const deps = {
    devices: {
      deactivateSilent: async (ms: number) => {
        asked.push(ms);
        return [];
      },
    },
    settings: { activeDeviceTimeoutSeconds: async () => 60 },
    stream: {
      waiting: async (shard: number) => {
        if (shard === 2) throw new Error("its node is away");
        return (waiting[shard] ?? []).map((ms) => ({ frame: { receivedUs: nowUs - ms * 1000 } }));
      },
    },
    shards: 3,
    now: () => nowUs,
  } as unknown as Parameters<typeof openPruning>[0];
  const prune = openPruning(deps);
  await prune();
  waiting = [[5], [600_000]];
  await prune();
  waiting = [[], [-1000]];
  await prune();
  expect(asked).toEqual([60_000, 660_000, 60_000]);
});

test("history that somebody is rolling up is looked at again soon, not after an hour", async () => {
  const kept = { readingsDays: 30, minutesDays: 60, hoursDays: 0 };
  const rests: number[] = [];
  const answers = [false, false, true];
  const rollups = { forget: async () => answers.shift() ?? true };
  const pause = async (ms: number) => void rests.push(ms);
  await forgetHistory(rollups, { retention: kept, signal: new AbortController().signal }, pause);
  expect(rests).toEqual([15_000, 15_000]);
  expect(answers).toEqual([]);
});
