import type { AlarmStore, StormLimits } from "../platform/alarm-ports.ts";
import type { EventStream } from "../platform/ports.ts";
import type { Metrics } from "../platform/telemetry.ts";

interface AlarmDeps {
  readonly alarms: AlarmStore;
  readonly events: EventStream;
  readonly metrics: Metrics;
  readonly storms: StormLimits;
}

/** Publishes what happened to alarms and was not published yet; at least once, and in order for each of them. A storm of them is one. */
export async function announceAlarms({ alarms, events, metrics, storms }: AlarmDeps): Promise<void> {
  for (;;) {
    if (!(await alarms.gather(storms))) return;
    const said = await alarms.announce((happened) => events.publish(happened));
    if (said.length === 0) return;
    for (const { change } of said) metrics.alarmChanges.inc({ change });
  }
}
