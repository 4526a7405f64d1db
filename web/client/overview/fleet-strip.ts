import type { OverviewAnswer } from "../../../schema/device-page.ts";
import { api, ask } from "../api/asking.ts";
import { element, setText } from "../shell/element.ts";
import { formatCount } from "../shell/format.ts";

const askEveryMs = 5000;
/** A rate is between two looks, of which the first may be ours. */
const secondLookMs = 1000;

interface Fact {
  readonly name: string;
  readonly of: (fleet: OverviewAnswer) => string;
  /** Where the devices or alarms behind the number are listed. */
  readonly href?: string;
  readonly tone?: string;
}

const facts: readonly Fact[] = [
  { name: "online", of: ({ devices }) => formatCount(devices.online), href: "/devices?state=online" },
  { name: "stale", of: ({ devices }) => formatCount(devices.stale), href: "/devices?state=stale" },
  { name: "offline", of: ({ devices }) => formatCount(devices.offline), href: "/devices?state=offline" },
  {
    name: "learning",
    of: ({ learning }) => `${formatCount(learning.series)}${learning.isAtLeast ? "+" : ""}`,
  },
  {
    name: "readings/s",
    of: ({ readingsPerSecond }) => (readingsPerSecond === null ? "–" : formatCount(readingsPerSecond)),
  },
  {
    name: "critical",
    of: ({ alarms }) => formatCount(alarms.critical),
    href: "/devices?sort=alarms",
    tone: "critical",
  },
  {
    name: "major",
    of: ({ alarms }) => formatCount(alarms.major),
    href: "/devices?sort=alarms",
    tone: "major",
  },
  {
    name: "minor",
    of: ({ alarms }) => formatCount(alarms.minor),
    href: "/devices?sort=alarms",
    tone: "minor",
  },
];

/** How the whole fleet is, above everything else; hidden until it is asked. */
export class FleetStrip {
  readonly element = element("dl", { class: "fleet", "aria-label": "Fleet", hidden: "" });
  readonly #values = new Map(facts.map((fact) => [fact, element("span", { class: "fleet-value" }, ["–"])]));
  #isAsking = false;
  #timer: number | undefined;

  constructor() {
    for (const [{ name, href, tone }, value] of this.#values) {
      const inside = href === undefined ? value : element("a", { href }, [value]);
      if (href !== undefined) inside.setAttribute("aria-label", name);
      const attributes = tone === undefined ? {} : { "data-severity": tone };
      this.element.append(
        element("div", attributes, [
          element("dt", {}, [tone === undefined ? name : `${name} alarms`]),
          element("dd", {}, [inside]),
        ]),
      );
    }
  }

  /** Asks from now on; once is enough. */
  start(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    // Before there is an answer, so that nothing moves when it comes.
    this.element.hidden = false;
    void this.#refresh();
  }

  /** What cannot be had stays as it was; the head of the console says when the server is away. */
  async #refresh(): Promise<void> {
    const fleet = await ask(() => api.GET("/api/v1/overview")).catch(() => undefined);
    if (!this.#isAsking) return;
    const againMs = fleet?.readingsPerSecond === null ? secondLookMs : askEveryMs;
    this.#timer = window.setTimeout(() => void this.#refresh(), againMs);
    if (fleet === undefined) return;
    for (const [{ name, of, href }, value] of this.#values) {
      setText(value, of(fleet));
      if (href !== undefined) value.parentElement?.setAttribute("aria-label", `${of(fleet)} ${name}`);
    }
  }

  stop(): void {
    this.#isAsking = false;
    clearTimeout(this.#timer);
  }
}
