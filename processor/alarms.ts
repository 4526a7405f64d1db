import type { AlarmStore, StormLimits } from "../platform/alarms/alarm-ports.ts";
import type { EventStream } from "../platform/ports.ts";
import type { Metrics } from "../platform/telemetry.ts";
import type { AlarmEvent } from "../schema/event.ts";
import { type PlanningDeps, queueNotifications } from "./notifications/planning.ts";

interface AlarmDeps extends PlanningDeps {
  readonly alarms: AlarmStore;
  readonly events: EventStream;
  readonly metrics: Metrics;
  readonly storms: StormLimits;
}

/**
 * Publishes what happened to alarms and was not published yet, and queues who is to be told of it; at least once, and in order for each
 * of them. A storm of them is one.
 */
export async function announceAlarms(deps: AlarmDeps): Promise<void> {
  const { alarms, events, metrics, storms } = deps;
  const say = async (happened: readonly AlarmEvent[]): Promise<void> => {
    // First, so that somebody is told although Redis is away.
    await queueNotifications(deps, happened);
    await events.publish(happened);
  };
  for (;;) {
    if (!(await alarms.gather(storms))) return;
    const said = await alarms.announce(say);
    if (said.length === 0) return;
    for (const { change } of said) metrics.alarmChanges.inc({ change });
  }
}
