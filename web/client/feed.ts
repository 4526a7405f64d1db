import type { AnomalyEvent } from "../../schema/event.ts";
import { sensorLabel } from "../../schema/sensors.ts";
import { anomalyKey } from "./anomaly-book.ts";
import { element, find, setText } from "./element.ts";
import { formatAge, formatMeasure, formatMoment } from "./format.ts";

/** Most anomalies listed; older ones leave at the bottom. */
export const feedLimit = 200;

interface Item {
  readonly event: AnomalyEvent;
  readonly element: HTMLElement;
  readonly age: HTMLElement;
}

/** The list of anomalies, newest first. */
export class Feed {
  readonly #list = find("#feed-list");
  readonly #nothing = find("#feed-nothing");
  readonly #onSelect: (event: AnomalyEvent) => boolean;
  #items: Item[] = [];

  /** `onSelect` shows the reading where it was measured and says whether it could. */
  constructor(onSelect: (event: AnomalyEvent) => boolean) {
    this.#onSelect = onSelect;
  }

  /** Lists these as well, each in its place by time; `isNew` lets them light up for a moment. */
  add(events: readonly AnomalyEvent[], isNew: boolean): void {
    for (const event of events) this.#insert(this.#toItem(event, isNew));
    for (const item of this.#items.splice(feedLimit)) item.element.remove();
    this.#nothing.hidden = this.#items.length > 0;
  }

  tick(nowMs: number): void {
    for (const { event, age } of this.#items) setText(age, formatAge(nowMs - event.timestampUs / 1000));
  }

  #insert(item: Item): void {
    const found = this.#items.findIndex(({ event }) => event.timestampUs <= item.event.timestampUs);
    const at = found === -1 ? this.#items.length : found;
    this.#list.insertBefore(item.element, this.#items[at]?.element ?? null);
    this.#items.splice(at, 0, item);
  }

  #toItem(event: AnomalyEvent, isNew: boolean): Item {
    const at = event.timestampUs / 1000;
    const age = element(
      "time",
      { class: "feed-age", datetime: new Date(at).toISOString(), title: formatMoment(at) },
      [formatAge(Date.now() - at)],
    );
    const button = element("button", { type: "button", class: "feed-item" }, [
      element("span", { class: "feed-mark", "aria-hidden": "true" }, ["▲"]),
      element("span", { class: "feed-device" }, [event.deviceId]),
      age,
      element("span", { class: "feed-sensor" }, [sensorLabel(event.sensorType)]),
      element("span", { class: "feed-value" }, [formatMeasure(event.sensorType, event.value)]),
      element("span", { class: "feed-sentence" }, [event.sentence || "Unusual for this sensor."]),
    ]);
    const note = element("span", { class: "feed-note", hidden: "" }, ["Not on the board now."]);
    button.append(note);
    button.addEventListener("click", () => {
      note.hidden = this.#onSelect(event);
    });
    const item = element("li", { "data-anomaly": anomalyKey(event) }, [button]);
    if (isNew) item.classList.add("is-new");
    return { event, element: item, age };
  }
}
