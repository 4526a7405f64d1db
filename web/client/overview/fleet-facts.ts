import type { OverviewAnswer } from "../../../schema/device-page.ts";
import { formatCount } from "../shell/format.ts";

/** A number above everything else, and what it counts. */
export interface Fact {
  readonly of: (fleet: OverviewAnswer) => string;
  readonly name: string;
  /** When it is one. */
  readonly one?: string;
  /** Where the devices or alarms behind the number are listed. */
  readonly href?: string;
  readonly tone?: string;
}

const byAlarms = "/devices?sort=alarms";

export const facts: readonly Fact[] = [
  { name: "online", of: ({ devices }) => formatCount(devices.online), href: "/devices?state=online" },
  { name: "stale", of: ({ devices }) => formatCount(devices.stale), href: "/devices?state=stale" },
  { name: "offline", of: ({ devices }) => formatCount(devices.offline), href: "/devices?state=offline" },
  // Beside devices, and none of them.
  {
    name: "sensors learning",
    one: "sensor learning",
    of: ({ learning }) => `${formatCount(learning.series)}${learning.isAtLeast ? "+" : ""}`,
  },
  {
    name: "readings/s",
    of: ({ readingsPerSecond }) => (readingsPerSecond === null ? "–" : formatCount(readingsPerSecond)),
  },
  ...(["critical", "major", "minor"] as const).map((severity) => ({
    name: `${severity} alarms`,
    one: `${severity} alarm`,
    of: ({ alarms }: OverviewAnswer) => formatCount(alarms[severity]),
    href: byAlarms,
    tone: severity,
  })),
];

/** What stands beside a number. */
export function nameOf({ name, one = name }: Fact, value: string): string {
  return value === "1" ? one : name;
}
