import type { AlarmEvent } from "./event.ts";
import { formatTimestamp } from "./timestamp.ts";

/** What happened to an alarm in the words of the wire: snake case and ISO timestamps, as devices speak. */
export function alarmMessage({ alarm, ...event }: AlarmEvent) {
  return {
    alarm_id: alarm.id,
    version: alarm.version,
    change: event.change,
    state: alarm.state,
    device_id: alarm.deviceId,
    sensor_type: alarm.sensorType,
    rule: alarm.rule,
    severity: alarm.severity,
    members: alarm.members,
    group: alarm.group,
    timestamp: formatTimestamp(event.atUs),
    by: event.by,
    comment: event.comment,
    raised: formatTimestamp(alarm.raisedUs),
    last: formatTimestamp(alarm.lastUs),
    anomalies: alarm.anomalies,
    value: alarm.peak.value,
    score: alarm.peak.score,
    reason: alarm.peak.sentence,
    expected: alarm.peak.expected,
    shares: alarm.peak.shares,
    verdict: alarm.judgement?.verdict ?? null,
    assignee: alarm.assignee,
    shelved_until: alarm.shelvedUntilUs === null ? null : formatTimestamp(alarm.shelvedUntilUs),
  };
}
