import type { SettingsAnswer } from "../schema/ops.ts";

/** Settings that an operator wonders about; those of a family by how they begin. Nothing here is secret. */
const shown = [
  /^RETENTION_/,
  /^STORM_/,
  /^ALARM_CLEAR_SECONDS$/,
  /^ACTIVE_DEVICE_TIMEOUT_SECONDS$/,
  /^MODEL_(MIN_READINGS|RETRAIN_HOURS)$/,
  /^NOTIFICATION_ATTEMPTS$/,
  /^SESSION_(IDLE_MINUTES|MAX_HOURS)$/,
  /^TIME_ZONE$/,
];

/** What of a configuration operators may see, by name. */
export function shownSettings(config: object): SettingsAnswer["settings"] {
  return Object.entries(config)
    .filter(([name]) => shown.some((pattern) => pattern.test(name)))
    .filter(([, value]) => typeof value === "number" || typeof value === "string")
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
