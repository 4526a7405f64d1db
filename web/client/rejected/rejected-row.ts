import { element, setText } from "../shell/element.ts";
import { formatAge, formatMoment } from "../shell/format.ts";
import { describeCut, describeHindrance, type RejectedItem } from "./rejected-words.ts";

export interface RowListeners {
  readonly onSelect: () => void;
  readonly onReplay: (id: string) => void;
  readonly onDiscard: (id: string) => void;
}

/** Longer payloads scroll in their box, so the keyboard must be able to enter it. */
const longPayload = 160;

/** One refused message: what was wrong, whence it came, what was in it, and what can be done. */
export class RejectedRow {
  readonly element: HTMLElement;
  readonly id: string;
  readonly #tick = element("input", { type: "checkbox" });
  readonly #hindrance = element("p", { class: "rejected-note" });
  readonly #replay = element("button", { type: "button", class: "plain-button" }, ["Replay"]);
  readonly #age = element("time", { class: "rejected-age" });
  readonly #receivedMs: number;

  constructor(item: RejectedItem, { onSelect, onReplay, onDiscard }: RowListeners) {
    const { id, code, reason, deviceId, source } = item;
    this.id = id;
    this.#receivedMs = item.receivedUs / 1000;
    this.#age.dateTime = new Date(this.#receivedMs).toISOString();
    this.#age.title = formatMoment(this.#receivedMs);
    const whose = `${code} of ${deviceId ?? source}`;
    this.#tick.setAttribute("aria-label", `Select ${whose}`);
    this.#replay.setAttribute("aria-label", `Replay ${whose}`);
    const discard = element(
      "button",
      { type: "button", class: "plain-button", "aria-label": `Discard ${whose}` },
      ["Discard"],
    );
    this.#tick.addEventListener("change", onSelect);
    this.#replay.addEventListener("click", () => onReplay(id));
    discard.addEventListener("click", () => onDiscard(id));
    const from = deviceId === null ? [] : [element("strong", {}, [deviceId]), " "];
    this.element = element("li", { class: "rejected-row", "data-rejected": id, "data-code": code }, [
      element("label", { class: "row-tick needs-operator" }, [this.#tick]),
      element("div", { class: "rejected-body" }, [
        element("div", { class: "sheet-line rejected-origin" }, [
          element("code", { class: "rejected-code" }, [code]),
          element("span", {}, [...from, element("span", { class: "rejected-source" }, [source])]),
          this.#age,
        ]),
        element("p", {}, [reason]),
        ...payloadOf(item),
        this.#hindrance,
        element("div", { class: "sheet-actions needs-operator" }, [this.#replay, discard]),
      ]),
    ]);
    this.show(item);
  }

  /** A refused message never changes; only whether it could be replayed does. */
  show(item: RejectedItem): void {
    this.#replay.disabled = !item.isReplayable;
    this.#replay.title = item.whyNot ?? "";
    const hindrance = describeHindrance(item);
    setText(this.#hindrance, hindrance ?? "");
    this.#hindrance.hidden = hindrance === undefined;
    this.tick(Date.now());
  }

  tick(nowMs: number): void {
    setText(this.#age, formatAge(nowMs - this.#receivedMs));
  }

  get isSelected(): boolean {
    return this.#tick.checked;
  }

  select(isSelected: boolean): void {
    this.#tick.checked = isSelected;
  }

  focus(): void {
    this.#tick.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }
}

function payloadOf(item: RejectedItem): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (item.payload !== "") {
    const isLong = item.payload.length > longPayload || item.payload.includes("\n");
    const reach = isLong ? { tabindex: "0", role: "group", "aria-label": "Payload" } : {};
    parts.push(element("pre", { class: "rejected-payload", dir: "ltr", ...reach }, [item.payload]));
  }
  const cut = describeCut(item);
  if (cut !== undefined) parts.push(element("p", { class: "rejected-note" }, [cut]));
  return parts;
}
