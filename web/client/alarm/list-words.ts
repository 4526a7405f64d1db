import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { paths } from "../api/paths.ts";
import { worstFirst } from "./worst-first.ts";

type AlarmsQuestion = NonNullable<paths["/api/v1/alarms"]["get"]["parameters"]["query"]>;

const states = ["open", "raised", "acknowledged", "shelved", "unseen", "cleared"] as const;

/** Which alarms an address asks for, as the server is asked for them. */
export function questionOf(query: URLSearchParams): AlarmsQuestion {
  const texts = ["device", "sensor", "rule"].map((name) => [name, query.get(name) ?? ""] as const);
  const numbers = ["at", "after"].map((name) => [name, Number(query.get(name) ?? "")] as const);
  const wished = stateOf(query);
  const state = states.find((one) => one === wished);
  return {
    limit: 100,
    ...(state === undefined ? {} : { state }),
    ...Object.fromEntries(texts.filter(([, text]) => text !== "")),
    ...Object.fromEntries(numbers.filter(([, number]) => number > 0)),
    ...(query.has("at") ? {} : { fold: true }),
  };
}

/** The state that an address asks for, or `all`. */
export function stateOf(query: URLSearchParams): string {
  // Nobody who says nothing wants to see what is long over; who asks for a moment does.
  return query.get("state") ?? (query.has("at") ? "all" : "open");
}

/** What is to be looked after, the worst first; what is over, or may be, as the server has it: the youngest first. */
export function inOrder<Alarm extends Pick<AlarmSummary, "id" | "severity">>(
  query: URLSearchParams,
  alarms: readonly Alarm[],
): readonly Alarm[] {
  return ["all", "unseen", "cleared"].includes(stateOf(query)) ? alarms : worstFirst(alarms);
}

/** The address of the alarm that was going on when a sensor had an anomaly. */
export function alarmOfAnomaly({
  deviceId,
  sensorType,
  timestampUs,
}: {
  readonly deviceId: string;
  readonly sensorType: string;
  readonly timestampUs: number;
}): string {
  const query = { device: deviceId, sensor: sensorType, rule: "anomaly", at: String(timestampUs) };
  return `/alarms?${new URLSearchParams(query)}`;
}
