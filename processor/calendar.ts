/** When something is usual, in words: `in the evenings`, `on Sunday evenings`. */
export interface Moment {
  readonly ofDay: string;
  readonly ofWeek: string;
}

/** The words for a moment, microseconds since the epoch. */
export type Calendar = (timestampUs: number) => Moment;

const partsOfDay = [
  { until: 5, ofDay: "at night", ofWeek: "in the small hours of" },
  { until: 12, ofDay: "in the mornings", ofWeek: "mornings" },
  { until: 17, ofDay: "in the afternoons", ofWeek: "afternoons" },
  { until: 22, ofDay: "in the evenings", ofWeek: "evenings" },
  { until: 24, ofDay: "at night", ofWeek: "nights" },
] as const;

/** A calendar by the clocks of a time zone, e.g. `Europe/Berlin`. @throws RangeError when there is no such zone. */
export function openCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    weekday: "long",
    hour: "numeric",
    hourCycle: "h23",
  });
  return (timestampUs) => {
    const parts = format.formatToParts(timestampUs / 1000);
    const weekday = parts.find(({ type }) => type === "weekday")?.value ?? "";
    const hour = Number(parts.find(({ type }) => type === "hour")?.value ?? 0);
    const { ofDay, ofWeek } = partsOfDay.find(({ until }) => hour < until) ?? partsOfDay[0];
    return { ofDay, ofWeek: hour < 5 ? `${ofWeek} ${weekday}` : `on ${weekday} ${ofWeek}` };
  };
}

export const utcCalendar = openCalendar("UTC");
