import type { AlarmStore } from "../platform/alarms/alarm-ports.ts";
import type { CommandStore } from "../platform/devices/command-ports.ts";
import { messageOf } from "../platform/errors.ts";
import type { HistoryRetention, RollupStore } from "../platform/history/ports.ts";
import type { PreviewStore } from "../platform/models/tuning-ports.ts";
import type { NotificationStore } from "../platform/notifications/notification-ports.ts";
import type {
  Clock,
  DeviceStore,
  EventStream,
  ReadingStream,
  RejectionStore,
  SettingStore,
} from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { toPresence } from "../schema/event.ts";
import { rest } from "./rest.ts";

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

interface PruningDeps extends Pick<PruneDeps, "devices" | "settings" | "events" | "log" | "metrics"> {
  readonly stream: Pick<ReadingStream, "waiting">;
  readonly shards: number;
  readonly now: Clock;
}

/**
 * For how long what came has waited to be stored: who spoke since then is not heard of yet. What cannot be looked at says nothing, for
 * nothing that is there is known of it.
 */
async function behindMs({ stream, shards, now }: Pick<PruningDeps, "stream" | "shards" | "now">) {
  const looks = Array.from({ length: shards }, (_, shard) => stream.waiting(shard, 1).catch(() => []));
  const sinceUs = (await Promise.all(looks)).flat().map(({ frame }) => frame?.receivedUs ?? now());
  return Math.max(0, Math.round((now() - Math.min(...sinceUs)) / 1000));
}

/**
 * Makes the job that takes devices silent for longer than their allowance off the board; their history stays. Who could not be told of
 * is told of with the next run, unless it spoke again: nothing finds a device silent twice. While processors catch up, silence counts
 * up to where they are: or whoever speaks in what they store would come and go with every batch.
 */
export function openPruning(deps: PruningDeps): () => Promise<void> {
  const { devices, settings, events, log, metrics } = deps;
  let untold: readonly string[] = [];
  return async () => {
    const timeoutMs = (await settings.activeDeviceTimeoutSeconds()) * 1000;
    const stillSilent = untold.length === 0 ? [] : await devices.stillInactive(untold);
    const silent = await devices.deactivateSilent(timeoutMs + (await behindMs(deps)));
    if (silent.length > 0) {
      metrics.devicesPruned.inc(silent.length);
      log.info({ devices: silent.length, timeoutMs }, "silent devices pruned");
    }
    untold = [...new Set([...stillSilent, ...silent])];
    if (untold.length === 0) return;
    await events.publish(toPresence("device-inactive", untold, Date.now() * 1000));
    untold = [];
  };
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
 * @throws AggregateError when some could not be, after all others were.
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
  const { alarmsDays } = retention;
  const forgetting: Readonly<Record<string, () => Promise<number>>> = {
    devices: () => devices.forgetInactive(retention.devicesDays),
    rejections: () => rejections.forgetOlderThan(retention.rejectedDays),
    commands: () => commands.forgetOlderThan(retention.commandsDays),
    alarms: async () => (alarmsDays === 0 ? 0 : alarms.forgetCleared(alarmsDays)),
    notifications: () => notifications.forgetOlderThan(retention.notificationsDays),
    previews: () => previews.forgetOlderThan(previewsDays),
  };
  const forgotten: Record<string, number> = {};
  const failures: unknown[] = [];
  for (const [what, forget] of Object.entries(forgetting)) {
    try {
      forgotten[what] = await forget();
    } catch (error) {
      failures.push(error);
    }
  }
  if (Object.values(forgotten).some((count) => count > 0)) log.info(forgotten, "old rows forgotten");
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join("; "));
}

/** As often as processors roll up: whoever was at the history then may be done. */
const historyAgainMs = 15_000;

/** Removes history that is too old, as soon as nobody else is at it. */
export async function forgetHistory(
  rollups: Pick<RollupStore, "forget">,
  { retention, signal }: { retention: HistoryRetention; signal: AbortSignal },
  pause = rest,
): Promise<void> {
  while (!signal.aborted && !(await rollups.forget(retention))) await pause(historyAgainMs, signal);
}
