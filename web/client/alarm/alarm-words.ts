import type { AlarmRecord, AlarmSummary } from "../../../schema/alarm.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { withoutKind } from "../parts/names.ts";
import { formatMeasure, formatMoment, formatSpan } from "../shell/format.ts";

/** How long an alarm can be shelved for, in seconds. */
export const shelfTimes = [
  ["3600", "1 hour"],
  ["14400", "4 hours"],
  ["28800", "8 hours"],
  ["86400", "1 day"],
  ["604800", "7 days"],
] as const;

/** Whom an alarm is about. */
export function whoOf({ deviceId, members }: Pick<AlarmSummary, "deviceId" | "members">): string {
  return members > 0 ? `${members} devices` : deviceId;
}

/** What it is about: `oven-1, Temperature`; a whole device has no sensor. */
export function subjectOf(alarm: Pick<AlarmSummary, "deviceId" | "members" | "sensorType">): string {
  const { sensorType } = alarm;
  return sensorType === "" ? whoOf(alarm) : `${whoOf(alarm)}, ${sensorLabel(sensorType)}`;
}

/** What tells it from others in a list. */
export function nameInList(alarm: AlarmSummary): string {
  return `${subjectOf(alarm)}, ${formatMoment(alarm.raisedUs / 1000)}`;
}

/** How it stands, in a list: `150 °C, acknowledged by ada, 3 × in 4 min`. */
export function describeInList(alarm: AlarmSummary): string {
  const { peak, sensorType, state, raisedUs, lastUs, anomalies, assignee, shelvedUntilUs } = alarm;
  const by = alarm.acknowledgedBy === null ? "" : withoutKind(alarm.acknowledgedBy);
  const taken = by === "" ? state : `${state === "acknowledged" ? "" : `${state}, `}acknowledged by ${by}`;
  return [
    ...(peak.value === null ? [] : [formatMeasure(sensorType, peak.value)]),
    taken,
    ...(assignee === null ? [] : [`assigned to ${assignee}`]),
    ...(shelvedUntilUs === null ? [] : [`shelved until ${formatMoment(shelvedUntilUs / 1000)}`]),
    anomalies === 1 ? "once" : `${anomalies}\u202f× in ${formatSpan((lastUs - raisedUs) / 1000)}`,
    ...(alarm.judgement === null ? [] : [describeJudgement(alarm)]),
  ].join(", ");
}

/** What raised it, in a few words. */
export function describeRule(rule: string): string {
  if (rule === "anomaly") return "unusual for this sensor";
  if (rule === "silent") return "not heard of";
  return `own rule ${rule.replace("rule-", "")}`;
}

/** What happened, as one would tell it. */
export function describeRecord({ change, by, from, verdict, comment }: AlarmRecord): string {
  const who = by === "platform" ? "" : ` by ${withoutKind(by)}`;
  const told = comment === null || comment === "" ? "" : `: ${comment}`;
  const judged = verdict === "confirmed" ? "Confirmed" : "Called a false alarm";
  const words = {
    raised: "Raised",
    worsened: "Became worse",
    acknowledged: "Acknowledged",
    commented: "Comment",
    judged: verdict === null ? "Judgement taken back" : judged,
    assigned: "Assigned",
    shelved: "Shelved",
    unshelved: "Taken off the shelf",
    cleared: by === "platform" ? "Cleared: it was quiet for long enough" : "Cleared",
  } as const;
  const after = change === "cleared" && from === "raised" ? ", and nobody had acknowledged it" : "";
  return `${words[change]}${who}${after}${told}`;
}

/** How it stands, and for how long: `raised, going on for 4 min`. */
export function describeState(alarm: AlarmSummary, nowMs: number): string {
  const { state, raisedUs, clearedUs, shelvedUntilUs, acknowledgedBy, assignee } = alarm;
  const parts: string[] = [];
  if (clearedUs === null) parts.push(`${state}, going on for ${formatSpan(nowMs - raisedUs / 1000)}`);
  else parts.push(`cleared after ${formatSpan((clearedUs - raisedUs) / 1000)}`);
  if (acknowledgedBy !== null) parts.push(`acknowledged by ${withoutKind(acknowledgedBy)}`);
  if (assignee !== null) parts.push(`assigned to ${assignee}`);
  if (shelvedUntilUs !== null) parts.push(`shelved for another ${formatSpan(shelvedUntilUs / 1000 - nowMs)}`);
  return parts.join(" · ");
}

/** What operators made of it, if they did. */
export function describeJudgement({ judgement }: Pick<AlarmSummary, "judgement">): string {
  if (judgement === null) return "not judged";
  const note = judgement.note === null ? "" : `: ${judgement.note}`;
  return `${judgement.verdict === "confirmed" ? "confirmed" : "false alarm"}${note}`;
}
