import type { CommandStore } from "../platform/command-ports.ts";
import type { NotificationStore } from "../platform/notification-ports.ts";
import type { DeviceStore, EventStream, RejectionStore, SettingStore } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { toPresence } from "../schema/event.ts";

export interface PruneDeps {
  readonly devices: DeviceStore;
  readonly rejections: RejectionStore;
  readonly commands: CommandStore;
  readonly notifications: NotificationStore;
  readonly settings: SettingStore;
  readonly events: EventStream;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Takes devices that are silent for longer than their allowance off the board; their history stays. */
export async function pruneSilent({
  devices,
  settings,
  events,
  log,
  metrics,
}: Omit<PruneDeps, "rejections" | "commands" | "notifications">): Promise<void> {
  const timeoutMs = (await settings.activeDeviceTimeoutSeconds()) * 1000;
  const silent = await devices.deactivateSilent(timeoutMs);
  if (silent.length === 0) return;
  metrics.devicesPruned.inc(silent.length);
  log.info({ devices: silent.length, timeoutMs }, "silent devices pruned");
  await events.publish(toPresence("device-inactive", silent, Date.now() * 1000));
}

/** Forgets what nobody will ask for any more: devices long gone, old rejections, commands and notifications. Readings are never touched. */
export async function forgetOld(
  { devices, rejections, commands, notifications, log }: Omit<PruneDeps, "settings" | "events" | "metrics">,
  retention: { devicesDays: number; rejectedDays: number; commandsDays: number; notificationsDays: number },
): Promise<void> {
  const forgotten = await devices.forgetInactive(retention.devicesDays);
  const refused = await rejections.forgetOlderThan(retention.rejectedDays);
  const told = await commands.forgetOlderThan(retention.commandsDays);
  const notified = await notifications.forgetOlderThan(retention.notificationsDays);
  if (forgotten + refused + told + notified > 0)
    log.info(
      { devices: forgotten, rejections: refused, commands: told, notifications: notified },
      "old rows forgotten",
    );
}
