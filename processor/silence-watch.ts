import type { AlarmRaise, AlarmStore } from "../platform/alarms/alarm-ports.ts";
import type { DeviceStore, SeriesHeard } from "../platform/ports.ts";
import { silentRule } from "../schema/alarm.ts";
import { shardOf } from "../schema/reading.ts";
import type { Attentions } from "./attention.ts";
import { allowedGaps, leastAllowanceUs } from "./cadence.ts";
import { type Attention, silencesOf } from "./silence.ts";

export interface SilenceDeps {
  readonly devices: Pick<DeviceStore, "overdue" | "heardAgain">;
  readonly alarms: Pick<AlarmStore, "raise" | "settleRule">;
  readonly attention: Attentions;
  readonly shards: number;
  readonly log: { warn(fields: object, message: string): void };
}

/** So many devices that fall silent while nobody at all is heard of are not at fault: what lies between them and here is. */
const crowd = 10;
/** Of an alarm that a sensor is silent: major. */
const score = 0.85;

/**
 * Raises an alarm for every device, or sensor, of the own shards that has said nothing for longer than it may, and ends those of all that
 * speak again.
 */
export async function watchSilence({ devices, alarms, attention, shards, log }: SilenceDeps): Promise<void> {
  const untilUs = attention.furthestUs();
  if (untilUs === undefined) return;
  const again = await devices.heardAgain();
  if (again.length > 0) await alarms.settleRule(silentRule, again);
  const overdue = await devices.overdue({ untilUs, leastUs: leastAllowanceUs, gaps: allowedGaps });
  const raises = raisesOf(overdue, (deviceId) => attention.of(shardOf(deviceId, shards)));
  const silent = new Set(raises.map(({ deviceId }) => deviceId)).size;
  if (attention.miss(silent) >= crowd && attention.heardUs < untilUs - leastAllowanceUs / 2) {
    attention.beginAnew();
    log.warn({ devices: silent }, "nobody is heard of");
  } else if (silent > 0) await alarms.raise(raises);
}

function raisesOf(
  overdue: readonly SeriesHeard[],
  attentionOf: (deviceId: string) => Attention | undefined,
): readonly AlarmRaise[] {
  const byDevice = new Map<string, SeriesHeard[]>();
  for (const series of overdue)
    byDevice.set(series.deviceId, [...(byDevice.get(series.deviceId) ?? []), series]);
  return [...byDevice].flatMap(([deviceId, series]) => {
    const attention = attentionOf(deviceId);
    const silences = attention === undefined ? [] : silencesOf(series, attention);
    return silences.map(({ sensorType, dueUs, sentence }) => ({
      ...{ deviceId, sensorType, rule: silentRule, atUs: dueUs, score, value: null, sentence },
      ...{ expected: null, holds: true },
    }));
  });
}
