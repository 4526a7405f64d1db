import type { DeviceSummary } from "../../../schema/api.ts";
import type { Point } from "../charts/history.ts";
import { sparkPath } from "../charts/sparkline.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { formatAge, formatMeasure, formatMoment } from "../shell/format.ts";
import { shownSensor } from "./device-filter.ts";

const spark = { width: 96, height: 24 };
const svg = "http://www.w3.org/2000/svg";
const mostTypes = 3;

/** A device in the list. */
export class DeviceRow {
  readonly element: HTMLElement;
  readonly #link = element("a", { class: "row-name" });
  readonly #types = element("span");
  readonly #state = element("span", { class: "row-state" });
  readonly #seen = element("time", { class: "row-seen", tabindex: "0" });
  readonly #value = element("span", { class: "row-value" });
  readonly #path = document.createElementNS(svg, "path");
  readonly #mark = element("span", { class: "severity-mark", "aria-hidden": "true" });
  readonly #count = element("span");
  readonly #alarms = element("span", { class: "severity-word" }, [this.#mark, this.#count]);
  #lastSeenUs: number | null = null;

  constructor(index: number) {
    const picture = document.createElementNS(svg, "svg");
    for (const [name, value] of Object.entries({
      class: "row-spark",
      viewBox: `0 0 ${spark.width} ${spark.height}`,
      "aria-hidden": "true",
    }))
      picture.setAttribute(name, value);
    picture.append(this.#path);
    const cell = (kind: string, child: Node): HTMLElement =>
      element("span", { role: "cell", class: kind }, [child]);
    this.element = element("div", { role: "row", class: "row", "aria-rowindex": String(index + 2) }, [
      cell("cell-name", this.#link),
      cell("cell-type", this.#types),
      cell("cell-state", this.#state),
      cell("cell-seen", this.#seen),
      cell("cell-value", this.#value),
      cell("cell-spark", picture),
      cell("cell-alarms", this.#alarms),
    ]);
  }

  show(device: DeviceSummary, type: string, points: readonly Point[]): void {
    const { id, sensors, alarms, lastSeenUs } = device;
    setAttribute(this.element, "data-device", id);
    setText(this.#link, id);
    this.#link.title = id;
    setAttribute(this.#link, "href", `/devices/${encodeURIComponent(id)}`);
    const labels = sensors.map(({ label }) => label);
    const more = labels.length > mostTypes ? ` and ${labels.length - mostTypes} more` : "";
    setText(this.#types, labels.slice(0, mostTypes).join(", ") + more);
    this.#types.title = labels.join(", ");
    const { state } = device;
    setText(this.#state, state.replace("-", " "));
    setAttribute(this.#state, "data-state", state);
    const sensor = shownSensor(device, type);
    const value = points.at(-1)?.[1] ?? sensor?.value;
    setText(
      this.#value,
      sensor === undefined || value === undefined ? "–" : formatMeasure(sensor.type, value),
    );
    this.#value.title = sensor?.label ?? "";
    setAttribute(
      this.#value,
      "data-anomalous",
      String((points.at(-1)?.[3] ?? (sensor?.isAnomaly ? 1 : 0)) === 1),
    );
    this.#path.setAttribute("d", sparkPath(points, spark));
    const open = alarms?.open ?? 0;
    setText(this.#count, open === 0 ? "" : ` ${open} ${alarms?.severity ?? ""}`);
    this.#mark.hidden = open === 0;
    setAttribute(this.#alarms, "data-severity", alarms?.severity ?? "");
    const heardUs = points.at(-1)?.[0];
    this.#lastSeenUs = heardUs === undefined ? lastSeenUs : Math.max(heardUs, lastSeenUs ?? 0);
    this.tick(Date.now());
  }

  tick(nowMs: number): void {
    if (this.#lastSeenUs === null) {
      setText(this.#seen, "never");
      return;
    }
    const atMs = this.#lastSeenUs / 1000;
    setText(this.#seen, formatAge(nowMs - atMs));
    setAttribute(this.#seen, "datetime", new Date(atMs).toISOString());
    // Seen by whoever points at it, and by whoever comes with the keyboard: style sheets show it on focus.
    setAttribute(this.#seen, "title", formatMoment(atMs));
    setAttribute(this.#seen, "data-moment", formatMoment(atMs));
  }

  focus(): void {
    this.#link.focus({ preventScroll: true });
  }
}
