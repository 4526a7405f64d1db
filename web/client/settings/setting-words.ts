const meanings: Readonly<Record<string, string>> = {
  ACTIVE_DEVICE_TIMEOUT_SECONDS: "a device silent for longer leaves the board",
  ALARM_CLEAR_SECONDS: "an alarm clears when its sensor had no anomaly for so long",
  MODEL_MIN_READINGS: "history an unknown sensor type needs for a model of its own",
  MODEL_RETRAIN_HOURS: "how often a candidate is trained of each sensor type; 0 is never",
  NOTIFICATION_ATTEMPTS: "how often a notification is tried before it is given up",
  RETENTION_ALARMS_DAYS: "alarms cleared longer ago are removed; 0 is never",
  RETENTION_COMMANDS_DAYS: "commands older than this are removed",
  RETENTION_DEVICES_DAYS: "devices inactive for longer leave the registry; their readings stay",
  RETENTION_NOTIFICATIONS_DAYS: "notifications older than this that do not wait are removed",
  RETENTION_REJECTED_DAYS: "rejected messages older than this are removed",
  SESSION_IDLE_MINUTES: "a session ends when unused for so long",
  SESSION_MAX_HOURS: "and so long after the login",
  STORM_DEVICES: "alarms of so many devices at once are one alarm; 0 is never",
  STORM_SHARE_PERCENT: "if they are at least this share of the devices of the type",
  STORM_WINDOW_SECONDS: "at once: raised within so long",
  TIME_ZONE: "whose clocks the words for a time follow",
};

/** What a setting is about. */
export function meaningOf(name: string): string {
  return meanings[name] ?? "see the README";
}
