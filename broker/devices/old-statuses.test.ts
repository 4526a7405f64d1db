import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openLog } from "../../platform/telemetry.ts";
import { forgetStatusesHourly, type OldStatusesDeps } from "./old-statuses.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("old statuses are looked for some minutes after the start, then every hour, and no more after the stop", async () => {
  let looks = 0;
  const removable: OldStatusesDeps["persistence"]["removable"] = async function* () {
    looks += 1;
    yield* [];
  };
  const log = openLog({ level: "silent", format: "json" });
  const forgetting = forgetStatusesHourly({
    ...{ persistence: { removable }, store: null, keptDays: 30, now: () => 0, log },
  });
  vi.advanceTimersByTime(299_000);
  expect(looks).toBe(0);
  vi.advanceTimersByTime(301_000);
  expect(looks).toBe(1);
  vi.advanceTimersByTime(3_600_000);
  expect(looks).toBe(2);
  await forgetting.stop();
  vi.advanceTimersByTime(7_200_000);
  expect(looks).toBe(2);
});
