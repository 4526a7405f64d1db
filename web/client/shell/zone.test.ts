import { expect, test } from "vitest";
import { zoneAheadMs, zoneName } from "./zone.ts";

const summerMs = Date.UTC(2026, 6, 1);

test("UTC is ahead of nothing, and other clocks by what they show more", () => {
  expect(zoneAheadMs(summerMs, "utc")).toBe(0);
  const shown = new Date(summerMs + zoneAheadMs(summerMs, "local"));
  expect(shown.getUTCHours()).toBe(new Date(summerMs).getHours());
});

test("a zone is called by its name", () => {
  expect(zoneName("utc")).toBe("UTC");
  expect(zoneName("local")).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
