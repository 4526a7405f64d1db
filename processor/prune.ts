import type { AlarmStore } from "../platform/alarms/alarm-ports.ts";
import type { CommandStore } from "../platform/devices/command-ports.ts";
import type { PreviewStore } from "../platform/models/tuning-ports.ts";
import type { NotificationStore } from "../platform/notifications/notification-ports.ts";
import type { DeviceStore, EventStream, RejectionStore, SettingStore } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { toPresence } from "../schema/event.ts";

export interface PruneDeps {
  readonly devices: DeviceStore;
  readonly rejections: RejectionStore;
  readonly commands: CommandStore;
  readonly alarms: AlarmStore;
  readonly notifications: NotificationStore;
  readonly previews: PreviewStore;
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
}: Omit<PruneDeps, "rejections" | "commands" | "alarms" | "notifications" | "previews">): Promise<void> {
  const timeoutMs = (await settings.activeDeviceTimeoutSeconds()) * 1000;
  const silent = await devices.deactivateSilent(timeoutMs);
  if (silent.length === 0) return;
  metrics.devicesPruned.inc(silent.length);
  log.info({ devices: silent.length, timeoutMs }, "silent devices pruned");
  await events.publish(toPresence("device-inactive", silent, Date.now() * 1000));
}

/** A preview replays at most these days, and its answer is of no use once others have gone by. */
const previewsDays = 30;

/** Days after which each is forgotten. */
interface Retention {
  readonly devicesDays: number;
  readonly rejectedDays: number;
  readonly commandsDays: number;
  /** 0: never. */
  readonly alarmsDays: number;
  readonly notificationsDays: number;
}

/**
 * Forgets what nobody will ask for any more: devices long gone, old rejections, commands, alarms, notifications and previews.
 */
export async function forgetOld(
  {
    devices,
    rejections,
    commands,
    alarms,
    notifications,
    previews,
    log,
  }: Omit<PruneDeps, "settings" | "events" | "metrics">,
  retention: Retention,
): Promise<void> {
  const forgotten = await devices.forgetInactive(retention.devicesDays);
  const refused = await rejections.forgetOlderThan(retention.rejectedDays);
  const told = await commands.forgetOlderThan(retention.commandsDays);
  const cleared = retention.alarmsDays === 0 ? 0 : await alarms.forgetCleared(retention.alarmsDays);
  const notified = await notifications.forgetOlderThan(retention.notificationsDays);
  const previewed = await previews.forgetOlderThan(previewsDays);
  if (forgotten + refused + told + cleared + notified + previewed > 0)
    log.info(
      {
        ...{ devices: forgotten, rejections: refused, commands: told, alarms: cleared },
        ...{ notifications: notified, previews: previewed },
      },
      "old rows forgotten",
    );
}
