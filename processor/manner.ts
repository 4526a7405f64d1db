import { usualTuning } from "../schema/tuning.ts";
import { type Calendar, utcCalendar } from "./calendar.ts";
import { lineOf } from "./lines.ts";

/** How a verdict is given: where the line is, what is left unsaid, and the words for a time. Changes nothing of what a series learns. */
export interface Manner {
  /** As `lineOf` gives it. */
  readonly line: number;
  readonly tellsStuck: boolean;
  readonly calendar: Calendar;
}

/** While nobody wished for another. */
export const usualManner: Manner = { line: lineOf(usualTuning), tellsStuck: true, calendar: utcCalendar };
