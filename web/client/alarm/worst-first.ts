import type { AlarmSummary } from "../../../schema/alarm.ts";
import { severities } from "../../../schema/scored.ts";

type Ranked = Pick<AlarmSummary, "id" | "severity">;

/** The order in which alarms are to be looked after: the most severe first, of equals the youngest. */
export function worstFirst<Alarm extends Ranked>(alarms: readonly Alarm[]): readonly Alarm[] {
  return alarms.toSorted((a, b) => rankOf(b) - rankOf(a) || b.id - a.id);
}

function rankOf({ severity }: Ranked): number {
  return severities.indexOf(severity);
}
