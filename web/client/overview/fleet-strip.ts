import { element, setText } from "../shell/element.ts";
import { ask } from "../shell/server-api.ts";

const askEveryMs = 5000;

/** `GET /api/v1/overview` */
interface Fleet {
  readonly devices: Readonly<Record<"online" | "stale" | "offline" | "never-seen", number>>;
  readonly alarms: Readonly<Record<"minor" | "major" | "critical", number>>;
  readonly readingsPerSecond: number | null;
  readonly learning: { readonly series: number; readonly isAtLeast: boolean };
}

interface Fact {
  readonly name: string;
  readonly of: (fleet: Fleet) => string;
  /** Where the devices or alarms behind the number are listed. */
  readonly href?: string;
  readonly tone?: string;
}

const whole = new Intl.NumberFormat("en");
const number = (value: number): string => whole.format(value);

const facts: readonly Fact[] = [
  { name: "online", of: ({ devices }) => number(devices.online), href: "/devices?state=online" },
  { name: "stale", of: ({ devices }) => number(devices.stale), href: "/devices?state=stale" },
  { name: "offline", of: ({ devices }) => number(devices.offline), href: "/devices?state=offline" },
  { name: "learning", of: ({ learning }) => `${number(learning.series)}${learning.isAtLeast ? "+" : ""}` },
  {
    name: "readings/s",
    of: ({ readingsPerSecond }) => (readingsPerSecond === null ? "–" : number(readingsPerSecond)),
  },
  {
    name: "critical",
    of: ({ alarms }) => number(alarms.critical),
    href: "/devices?sort=alarms",
    tone: "critical",
  },
  { name: "major", of: ({ alarms }) => number(alarms.major), href: "/devices?sort=alarms", tone: "major" },
  { name: "minor", of: ({ alarms }) => number(alarms.minor), href: "/devices?sort=alarms", tone: "minor" },
];

/** How the whole fleet is, above everything else; hidden until the server has said so. */
export class FleetStrip {
  readonly element = element("dl", { class: "fleet", "aria-label": "Fleet", hidden: "" });
  readonly #values = new Map(facts.map((fact) => [fact, element("span", { class: "fleet-value" }, ["–"])]));
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
    if (this.#timer !== undefined) return;
    this.#timer = window.setInterval(() => void this.#refresh(), askEveryMs);
    void this.#refresh();
  }

  /** What cannot be had stays as it was; the head of the console says when the server is away. */
  async #refresh(): Promise<void> {
    const fleet = await ask<Fleet>("overview").catch(() => undefined);
    if (fleet === undefined) return;
    this.element.hidden = false;
    for (const [{ name, of, href }, value] of this.#values) {
      setText(value, of(fleet));
      if (href !== undefined) value.parentElement?.setAttribute("aria-label", `${of(fleet)} ${name}`);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
