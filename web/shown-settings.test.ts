import { expect, test } from "vitest";
import { shownSettings } from "./shown-settings.ts";

test("shows what concerns operators, by name, and no secret", () => {
  const config = {
    STORM_DEVICES: 10,
    RETENTION_ALARMS_DAYS: 90,
    TIME_ZONE: "UTC",
    DATABASE_URL: "postgres://user:password@host/db",
    JWT_SECRET: "a secret",
    LEGACY_HTTP_KEY: "a key",
  };
  expect(shownSettings(config)).toEqual([
    { name: "RETENTION_ALARMS_DAYS", value: 90 },
    { name: "STORM_DEVICES", value: 10 },
    { name: "TIME_ZONE", value: "UTC" },
  ]);
});
