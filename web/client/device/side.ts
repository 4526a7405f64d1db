import type { RejectedAnswer } from "../../../schema/api.ts";
import { arrange, element, setText } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import type { Fact } from "./side-words.ts";

/** A titled part of the column beside the charts. */
export function section(title: string, ...content: readonly (Node | string)[]): HTMLElement {
  return element("section", { class: "side-part", "aria-label": title }, [
    element("h2", {}, [title]),
    ...content,
  ]);
}

function nothing(text: string): HTMLElement {
  return element("p", { class: "side-nothing" }, [text]);
}

/** Facts that are looked at again and again: what is still true is not touched, so whoever marks or reads it is not disturbed. */
export class FactList {
  readonly element = element("div");
  readonly #empty: string;
  readonly #values = new Map<string, HTMLElement>();

  /** `empty` stands there when there is none. */
  constructor(empty: string) {
    this.#empty = empty;
  }

  show(facts: readonly Fact[]): void {
    const names = facts.map(([name]) => name);
    if (facts.length === 0 || names.join("\n") !== [...this.#values.keys()].join("\n")) this.#rebuild(names);
    for (const [name, value] of facts) {
      const shown = this.#values.get(name);
      if (shown !== undefined) setText(shown, value);
    }
  }

  #rebuild(names: readonly string[]): void {
    this.#values.clear();
    for (const name of names) this.#values.set(name, element("dd"));
    const pairs = [...this.#values].flatMap(([name, value]) => [element("dt", {}, [name]), value]);
    this.element.replaceChildren(
      pairs.length === 0 ? nothing(this.#empty) : element("dl", { class: "facts" }, pairs),
    );
  }
}

type Rejection = RejectedAnswer["rejected"][number];

interface RejectRow {
  readonly element: HTMLElement;
  readonly title: HTMLElement;
}

/** What the device sent last that could not be read or stored; one that is open stays so while others come. */
export class RejectList {
  readonly element = element("div");
  readonly #list = element("ol", { class: "log" });
  readonly #rows = new Map<string, RejectRow>();

  show({ rejected }: RejectedAnswer): void {
    const ids = new Set(rejected.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    arrange(
      this.#list,
      rejected.map((rejection) => this.#rowOf(rejection)),
    );
    const shown = rejected.length === 0 ? nothing("Nothing was rejected.") : this.#list;
    if (rejected.length === 0 || !this.element.contains(shown)) this.element.replaceChildren(shown);
  }

  #rowOf(rejection: Rejection): RejectRow {
    const row = this.#rows.get(rejection.id) ?? toRow(rejection);
    this.#rows.set(rejection.id, row);
    // By other clocks it may be another time.
    setText(row.title, `${rejection.code} · ${formatMoment(rejection.receivedUs / 1000)}`);
    return row;
  }
}

function toRow({ reason, payload }: Rejection): RejectRow {
  const title = element("summary");
  const details = element("details", {}, [
    title,
    element("p", {}, [reason]),
    element("pre", { tabindex: "0", "aria-label": "Payload" }, [payload]),
  ]);
  return { title, element: element("li", {}, [details]) };
}
