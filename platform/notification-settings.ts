import { networks, optional, url, wholeNumber } from "./setting.ts";

/** The settings of how people and programs are told of alarms. */
export const notificationSettings = {
  PUBLIC_URL: url(["http", "https"], "where operators reach the console; for links in notifications"),
  SMTP_URL: url(["smtp", "smtps"], "mail server that notifications by e-mail go out through"),
  SMTP_FROM: optional("sender of notifications by e-mail"),
  WEBHOOK_NETWORKS: networks(
    "addresses and networks that webhooks may reach although they are private, link-local or loopback",
  ),
  NOTIFICATION_TIMEOUT_SECONDS: wholeNumber(10, [1, 60], "how long a receiver of a notification may take"),
  NOTIFICATION_ATTEMPTS: wholeNumber(12, [1, 100], "how often a notification is tried before it is given up"),
  RETENTION_NOTIFICATIONS_DAYS: wholeNumber(
    30,
    [1, 36_500],
    "notifications older than this that do not wait are removed",
  ),
};
