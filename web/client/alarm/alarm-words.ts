import type { AlarmRecord, AlarmSummary } from "../../../schema/alarm.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { withoutKind } from "../parts/names.ts";
import { formatSpan } from "../shell/format.ts";

/** Whom an alarm is about. */
export function whoOf({ deviceId, members }: Pick<AlarmSummary, "deviceId" | "members">): string {
  return members > 0 ? `${members} devices` : deviceId;
}

/** What it is about: `oven-1, Temperature`; a whole device has no sensor. */
export function subjectOf(alarm: Pick<AlarmSummary, "deviceId" | "members" | "sensorType">): string {
  const { sensorType } = alarm;
  return sensorType === "" ? whoOf(alarm) : `${whoOf(alarm)}, ${sensorLabel(sensorType)}`;
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
