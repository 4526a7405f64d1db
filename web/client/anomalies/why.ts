import type { Shares } from "../../../schema/event.ts";
import { element, setText } from "../shell/element.ts";

const words: Readonly<Record<string, string>> = {
  smoothed: "last readings",
  volatility: "unrest",
  daily: "time of day",
  weekly: "hour of week",
  shape: "course",
};

/** What weighs in a verdict, the weightiest first, as `jump 62 %, level 21 %`; empty when nothing was weighed. */
export function describeShares(shares: Shares): string {
  return sorted(shares)
    .map(([channel, share]) => `${nameOfChannel(channel)} ${Math.round(100 * share)}\u202f%`)
    .join(", ");
}

/** What a channel of the detector looks at, for people. */
export function nameOfChannel(channel: string): string {
  return words[channel] ?? channel;
}

function sorted(shares: Shares): readonly (readonly [string, number])[] {
  return Object.entries(shares).sort(([, a], [, b]) => b - a);
}

/** Why a reading was found unusual: a bar parted by what weighs in it, and the same in words. */
export class Why {
  readonly element = element("span", { class: "why" });
  readonly #bar = element("span", { class: "why-bar", "aria-hidden": "true" });
  readonly #text = element("span");

  constructor() {
    this.element.append(this.#bar, this.#text);
  }

  /** `before` comes first, such as how severe it is. */
  show(shares: Shares, before: readonly string[] = []): void {
    setText(this.#text, [...before, describeShares(shares)].filter((part) => part !== "").join(" · "));
    this.#bar.replaceChildren(...sorted(shares).map(([, share]) => toPart(share)));
    this.#bar.hidden = Object.keys(shares).length === 0;
    this.element.hidden = this.#text.textContent === "";
  }
}

function toPart(share: number): HTMLElement {
  const part = element("span");
  part.style.width = `${100 * share}%`;
  return part;
}
