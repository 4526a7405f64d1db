import { expect, test } from "vitest";
import { openLog } from "../platform/telemetry.ts";
import { forgetOld, type PruneDeps } from "./prune.ts";

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
