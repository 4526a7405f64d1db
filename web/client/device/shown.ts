import { formatBound, isOpen, type Range, rangeOf } from "./range.ts";

/** What of a device is shown, as the address of its page says it. */
export interface Shown {
  readonly range: Range;
  /** Sensor types; none are named when all are shown. */
  readonly sensors: readonly string[];
}

/** `?from=now-1h&live=1&s=temperature,humidity`; what an address leaves out is as usual. */
export function shownOf(query: URLSearchParams): Shown {
  const sensors = (query.get("s") ?? "").split(",").filter((type) => type !== "");
  return { range: rangeOf(query), sensors: [...new Set(sensors)] };
}

/** As an address has it: a range that follows now says so, another one ends where it ends. */
export function queryOf({ range, sensors }: Shown): Readonly<Record<string, string | undefined>> {
  const end = isOpen(range) ? { live: "1" } : { to: formatBound(range.to) };
  return { from: formatBound(range.from), ...end, s: sensors.join(",") };
}

/** Which sensors are shown once one of them is put on or taken off; none are named when that is all of them. */
export function withSensor(
  all: readonly string[],
  { sensors }: Pick<Shown, "sensors">,
  { type, isOn }: { readonly type: string; readonly isOn: boolean },
): readonly string[] {
  const shown = sensors.length === 0 ? all : sensors;
  const wanted = all.filter((one) => (one === type ? isOn : shown.includes(one)));
  return wanted.length === all.length ? [] : wanted;
}
