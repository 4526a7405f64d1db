import { api, ask } from "../api/asking.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { type Fact, facts, nameOf } from "./fleet-facts.ts";

const askEveryMs = 5000;
/** A rate is between two looks, of which the first may be ours. */
const secondLookMs = 1000;

interface Cell {
  readonly fact: Fact;
  readonly name: HTMLElement;
  readonly value: HTMLElement;
  readonly link: HTMLElement | undefined;
}

/** How the whole fleet is, above everything else; hidden until it is asked. */
export class FleetStrip {
  readonly element = element("dl", { class: "fleet", "aria-label": "Fleet", hidden: "" });
  readonly #cells: readonly Cell[] = facts.map(toCell);
  #isAsking = false;
  #timer: number | undefined;

  constructor() {
    for (const { fact, name, value, link } of this.#cells) {
      const attributes = fact.tone === undefined ? {} : { "data-severity": fact.tone };
      this.element.append(element("div", attributes, [name, element("dd", {}, [link ?? value])]));
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
    for (const { fact, name, value, link } of this.#cells) {
      const count = fact.of(fleet);
      setText(value, count);
      setText(name, nameOf(fact, count));
      if (link !== undefined) setAttribute(link, "aria-label", `${count} ${nameOf(fact, count)}`);
    }
  }

  stop(): void {
    this.#isAsking = false;
    clearTimeout(this.#timer);
  }
}

function toCell(fact: Fact): Cell {
  const { name, href } = fact;
  const value = element("span", { class: "fleet-value" }, ["–"]);
  const link = href === undefined ? undefined : element("a", { href, "aria-label": name }, [value]);
  return { fact, name: element("dt", {}, [name]), value, link };
}
