/** What must be known of an alarm; as it is, so that the console need not load all the schemas. */
interface Standing {
  readonly state: string;
  readonly acknowledgedBy: string | null;
}

/** Whether an alarm has cleared before anybody acknowledged it: somebody is still to see it. */
export function isUnseen({ state, acknowledgedBy }: Standing): boolean {
  return state === "cleared" && acknowledgedBy === null;
}

/** Whether an alarm, open or over, waits to be acknowledged. */
export function isUnacknowledged(alarm: Standing): boolean {
  return alarm.state === "raised" || isUnseen(alarm);
}
