import { Type } from "typebox";
import { parseTimestamp } from "./timestamp.ts";

const form =
  "ISO 8601, in UTC unless it names a zone; or seconds, milliseconds or microseconds since the epoch.";

/** A moment that a question must name. */
export const Moment = momentText(form);

/** A moment in a question, and what it is when it is left out. */
export function momentOf(leftOut: string) {
  return Type.Optional(momentText(`${form} Left out: ${leftOut.toLowerCase()}.`));
}

function momentText(description: string) {
  return Type.String({ minLength: 1, maxLength: 40, description });
}

/** The same as microseconds since the epoch; undefined when it is none. */
export function momentIn(text: string): number | undefined {
  const us = parseTimestamp(/^\d+$/.test(text) ? Number(text) : text);
  // Beyond it PostgreSQL's microseconds are none of JavaScript's.
  return us !== undefined && Number.isSafeInteger(us) ? us : undefined;
}

/** What lies between two moments of a question, microseconds since the epoch; undefined when they are none, or in the wrong order. */
export function rangeOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowUs: number,
): { readonly fromUs: number; readonly toUs: number } | undefined {
  const fromUs = from === undefined ? 0 : momentIn(from);
  const toUs = to === undefined ? nowUs + 1 : momentIn(to);
  return fromUs === undefined || toUs === undefined || fromUs > toUs ? undefined : { fromUs, toUs };
}

/** Of a range that is none. */
export const noRange = {
  code: "RANGE_INVALID",
  reason: '"from" and "to" are ISO 8601 or time since the epoch, and "from" is not after "to"',
};
