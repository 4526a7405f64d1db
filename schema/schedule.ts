/** The days of the week as schedules name them, from Monday on. */
export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
type Weekday = (typeof weekdays)[number];

/** Some hours of some days of the week in a time zone. */
interface Schedule {
  readonly timeZone: string;
  readonly days: readonly Weekday[];
  /** `08:00`; `to` may be `24:00`, or before `from`: then it ends on the next day. */
  readonly from: string;
  readonly to: string;
}

const dayMinutes = 1440;
/** Clocks are put forward and back on a quarter of an hour, everywhere and always since 1972. */
const slotUs = 900_000_000;
const minuteUs = 60_000_000;

/** The minute of the day that `08:30` is. */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return 60 * hours + minutes;
}

/** By how much the clocks of a time zone are ahead of UTC at a moment, both in microseconds; undefined when there is no such zone. */
export function clocksOf(timeZone: string): ((atUs: number) => number) | undefined {
  const format = formatOf(timeZone);
  if (format === undefined) return undefined;
  return (atUs) => {
    const shown = new Map(format.formatToParts(atUs / 1000).map(({ type, value }) => [type, Number(value)]));
    const of = (part: Intl.DateTimeFormatPartTypes): number => shown.get(part) ?? 0;
    const local = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute")) * 1000;
    return local - Math.floor(atUs / minuteUs) * minuteUs;
  };
}

/** Whether this is the name of a time zone. */
export function isTimeZone(name: string): boolean {
  return formatOf(name) !== undefined;
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      ...{ timeZone, hourCycle: "h23" },
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Most quarters of an hour whose clocks are remembered; readings that come late, or are replayed, ask for many. */
const mostSlots = 1000;

/** Tells whether a moment (microseconds since the epoch) is in a schedule. `clocks`: those of its zone, where they are at hand. */
export function newTimetable(
  { timeZone, days, from, to }: Schedule,
  clocks = clocksOf(timeZone),
): (atUs: number) => boolean {
  const on = weekdays.map((day) => days.includes(day));
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  const known = new Map<number, number>();
  const aheadOf = (slot: number): number => {
    const ahead = known.get(slot) ?? clocks?.(slot * slotUs) ?? 0;
    if (known.size >= mostSlots) known.clear();
    known.set(slot, ahead);
    return ahead;
  };
  return (atUs) => {
    const minutes = Math.floor((atUs + aheadOf(Math.floor(atUs / slotUs))) / minuteUs);
    const minute = minutes % dayMinutes;
    // The epoch began on a Thursday.
    const today = (Math.floor(minutes / dayMinutes) + 3) % 7;
    if (begin < end) return on[today] === true && minute >= begin && minute < end;
    return minute >= begin ? on[today] === true : minute < end && on[(today + 6) % 7] === true;
  };
}
