import type { AlarmSummary } from "../../../schema/alarm.ts";
import { isUnacknowledged } from "../../../schema/unseen.ts";
import { sentenceOf } from "../parts/desk.ts";
import { formatCount } from "../shell/format.ts";
import { changeAlarm } from "./alarm-api.ts";

/** What is done about many alarms at once. */
export type ManyWish =
  | { readonly kind: "acknowledge" }
  | { readonly kind: "shelve"; readonly seconds: number };

/** Those among them that it can be done about. */
export function concerned(alarms: readonly AlarmSummary[], kind: ManyWish["kind"]): readonly AlarmSummary[] {
  return alarms.filter(kind === "acknowledge" ? isUnacknowledged : ({ state }) => state !== "cleared");
}

/** Does it to one after the other, whatever becomes of those before; answers with what to tell the operator. */
export async function changeMany(alarms: readonly AlarmSummary[], wish: ManyWish): Promise<string> {
  const failed: string[] = [];
  for (const alarm of alarms) {
    await changeAlarm(alarm, wish).catch((cause: unknown) => failed.push(sentenceOf(cause)));
  }
  return describeMany(wish.kind, alarms.length - failed.length, failed);
}

/** What came of it: `Acknowledged 7. Not acknowledged: 2, the first since …` */
export function describeMany(kind: ManyWish["kind"], done: number, failed: readonly string[]): string {
  const word = kind === "acknowledge" ? "acknowledged" : "shelved";
  const parts = done > 0 ? [`${word[0]?.toUpperCase()}${word.slice(1)} ${formatCount(done)}.`] : [];
  const [first] = failed;
  if (first !== undefined) parts.push(`Not ${word}: ${formatCount(failed.length)}. ${first}`);
  return parts.join(" ");
}
