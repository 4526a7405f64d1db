import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { DeviceSummary } from "../../../schema/api.ts";
import { type LiveReadings, watchLimit } from "../../../schema/event.ts";
import { sensorTypes } from "../../../schema/sensors.ts";
import { mergePoints, type Point } from "../charts/history.ts";
import { renderEmptyState } from "../overview/empty-state.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import { isForPage } from "../shell/keys.ts";
import type { Page, Place, Shell } from "../shell/page.ts";
import { fetchDoors, fetchReadings } from "../shell/server-api.ts";
import { type DeviceFilter, filterOf, isAll, shownSensor, toQuery } from "./device-filter.ts";
import { DeviceRow } from "./device-row.ts";
import { FilterBar } from "./filter-bar.ts";
import { fetchDevicePage } from "./questions.ts";
import { SavedViews } from "./saved-views.ts";

const sparkPoints = 60;
const refreshEveryMs = 30_000;
const rowPixels = 46;
/** The list is asked anew only while it is short; of a long one what is in the window lives by the push. */
const mostRefreshed = 400;
const devicesPerQuestion = 40;
const columns = ["Device", "Sensors", "State", "Last seen", "Value", "Last readings", "Open alarms"];

/** All devices in a list that stays light however long it is: only the rows in the window exist. */
export class DevicesPage implements Page {
  readonly title = "Devices";
  readonly element: HTMLElement;
  readonly #shell: Shell;
  readonly #filterBar: FilterBar;
  readonly #views = new SavedViews(() => this.#filter);
  readonly #errands = new Errands(() => this.#shell.doubt(this, { failure: this.#errands.failure }));
  readonly #scroll = element("div", { class: "rows-scroll", role: "table", "aria-label": "Devices" });
  readonly #rows = element("div", { class: "rows", role: "rowgroup" });
  readonly #said = element("p", { class: "rows-said", role: "status" }, ["Asking the server for devices …"]);
  readonly #empty = element("div");
  readonly #virtual: Virtualizer<HTMLElement, HTMLElement>;
  readonly #unmount: () => void;
  readonly #deafen: () => void;
  readonly #timers: readonly number[];
  readonly #shown = new Map<number, DeviceRow>();
  readonly #points = new Map<string, Map<string, readonly Point[]>>();
  readonly #asked = new Set<string>();
  #devices: readonly DeviceSummary[] = [];
  #next: string | null = null;
  #filter: DeviceFilter;
  #current = -1;
  #questions = 0;

  constructor({ query }: Place, shell: Shell) {
    this.#shell = shell;
    this.#filter = filterOf(query);
    this.#filterBar = new FilterBar(this.#filter, [...sensorTypes.keys()], (filter) => {
      shell.replaceQuery(toQuery(filter));
      this.#choose(filter);
    });
    const heads = columns.map((name, at) =>
      element("span", { role: "columnheader", class: `cell-${columnKinds[at]}` }, [name]),
    );
    this.#scroll.append(
      element("div", { role: "rowgroup", class: "rows-head" }, [
        element("div", { role: "row", class: "row", "aria-rowindex": "1" }, heads),
      ]),
      this.#rows,
    );
    this.element = element("div", { class: "devices" }, [
      element("h1", { class: "page-title" }, ["Devices"]),
      this.#filterBar.element,
      this.#views.element,
      this.#said,
      this.#empty,
      this.#scroll,
    ]);
    this.#virtual = new Virtualizer<HTMLElement, HTMLElement>(this.#virtualOptions());
    this.#unmount = this.#virtual._didMount();
    this.#deafen = shell.live.listen({
      onReadings: (batch) => this.#takeLive(batch),
      onConnect: () => {
        this.#asked.clear();
        this.refresh();
      },
    });
    this.#timers = [
      window.setInterval(() => this.#tick(), 1000),
      window.setInterval(() => this.#devices.length <= mostRefreshed && this.refresh(), refreshEveryMs),
    ];
    document.addEventListener("keydown", this.#takeKey);
    // The virtual list measures its window, which is in the page only after this.
    requestAnimationFrame(() => this.#virtual._willUpdate());
    this.refresh();
  }

  follow({ query }: Place): void {
    const filter = filterOf(query);
    this.#filterBar.show(filter);
    this.#choose(filter);
  }

  refresh(): void {
    this.#errands.soon("devices", () => this.#ask(), 0);
  }

  stop(): void {
    document.removeEventListener("keydown", this.#takeKey);
    for (const timer of this.#timers) clearInterval(timer);
    this.#deafen();
    this.#views.stop();
    this.#errands.stop();
    this.#unmount();
  }

  #virtualOptions() {
    return {
      count: this.#devices.length,
      getScrollElement: () => this.#scroll,
      estimateSize: () => rowPixels,
      overscan: 6,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.#draw(),
    };
  }

  #choose(filter: DeviceFilter): void {
    this.#filter = filter;
    this.#current = -1;
    this.#scroll.scrollTop = 0;
    this.#errands.soon("devices", () => this.#ask(), 0);
  }

  async #ask(): Promise<void> {
    this.#questions += 1;
    const question = this.#questions;
    const { devices, next } = await fetchDevicePage(this.#filter, null);
    // What was typed since has a question of its own.
    if (question !== this.#questions) return;
    this.#next = next;
    this.#take(devices);
  }

  async #askMore(): Promise<void> {
    const cursor = this.#next;
    const question = this.#questions;
    if (cursor === null) return;
    const { devices, next } = await fetchDevicePage(this.#filter, cursor);
    if (question !== this.#questions) return;
    this.#next = next;
    const known = new Set(this.#devices.map(({ id }) => id));
    this.#take([...this.#devices, ...devices.filter(({ id }) => !known.has(id))]);
  }

  #take(devices: readonly DeviceSummary[]): void {
    this.#devices = devices;
    const more = this.#next === null ? "" : "+";
    const what = devices.length === 1 ? "device" : "devices";
    const isEmpty = devices.length === 0 && isAll(this.#filter);
    const none = isEmpty ? "There is no device yet." : "No device is like that.";
    setText(this.#said, devices.length === 0 ? none : `${devices.length}${more} ${what}`);
    this.#scroll.hidden = isEmpty;
    if (!isEmpty) this.#empty.replaceChildren();
    // Left alone once it is there: somebody may be about to press one of its buttons.
    else if (this.#empty.childElementCount === 0) this.#errands.soon("empty", () => this.#showEmpty(), 0);
    setAttribute(this.#scroll, "aria-rowcount", this.#next === null ? String(devices.length + 1) : "-1");
    this.#virtual.setOptions({ ...this.#virtual.options, ...this.#virtualOptions() });
    this.#virtual._willUpdate();
    this.#draw();
  }

  async #showEmpty(): Promise<void> {
    const doors = await fetchDoors();
    if (this.#devices.length === 0) this.#empty.replaceChildren(renderEmptyState(doors, 0));
  }

  #draw(): void {
    const items = this.#virtual.getVirtualItems();
    const wanted = new Set(items.map(({ index }) => index));
    for (const [index, row] of this.#shown) {
      if (wanted.has(index) && this.#devices[index] !== undefined) continue;
      row.element.remove();
      this.#shown.delete(index);
    }
    this.#rows.style.height = `${this.#virtual.getTotalSize()}px`;
    for (const { index, start } of items) {
      const device = this.#devices[index];
      if (device === undefined) continue;
      const row = this.#shown.get(index) ?? this.#insert(index);
      row.element.style.transform = `translateY(${start}px)`;
      this.#showRow(row, device);
    }
    this.#errands.soon("window", () => this.#followWindow(), 120);
    const last = items.at(-1)?.index ?? 0;
    if (this.#next !== null && last > this.#devices.length - 40)
      this.#errands.soon("more", () => this.#askMore(), 0);
  }

  #insert(index: number): DeviceRow {
    const row = new DeviceRow(index);
    this.#shown.set(index, row);
    const after = [...this.#shown].filter(([other]) => other > index).sort(([a], [b]) => a - b)[0];
    this.#rows.insertBefore(row.element, after?.[1].element ?? null);
    return row;
  }

  #showRow(row: DeviceRow, device: DeviceSummary): void {
    const sensor = shownSensor(device, this.#filter.type);
    const points = sensor === undefined ? undefined : this.#points.get(device.id)?.get(sensor.type);
    row.show(device, this.#filter.type, points ?? []);
  }

  #inWindow(): readonly DeviceSummary[] {
    return [...this.#shown.keys()].flatMap((index) => this.#devices[index] ?? []).slice(0, watchLimit);
  }

  /** Hears the devices in the window, and asks for the small lines of those that have none. */
  async #followWindow(): Promise<void> {
    const ids = this.#inWindow().map(({ id }) => id);
    this.#shell.live.watch(ids);
    const missing = ids.filter((id) => !this.#asked.has(id));
    for (let at = 0; at < missing.length; at += devicesPerQuestion) {
      const some = missing.slice(at, at + devicesPerQuestion);
      const { series } = await fetchReadings(some, sparkPoints);
      for (const { deviceId, sensorType, points } of series) this.#merge(deviceId, sensorType, points);
      for (const id of some) this.#asked.add(id);
      this.#redraw(new Set(some));
    }
  }

  #takeLive(batch: readonly LiveReadings[]): void {
    for (const { deviceId, readings } of batch)
      for (const [sensorType, ...point] of readings) this.#merge(deviceId, sensorType, [point]);
    this.#redraw(new Set(batch.map(({ deviceId }) => deviceId)));
  }

  #merge(deviceId: string, sensorType: string, points: readonly Point[]): void {
    const sensors = this.#points.get(deviceId) ?? new Map<string, readonly Point[]>();
    this.#points.set(deviceId, sensors);
    sensors.set(sensorType, mergePoints(sensors.get(sensorType) ?? [], points, sparkPoints));
  }

  #redraw(ids: ReadonlySet<string>): void {
    for (const [index, row] of this.#shown) {
      const device = this.#devices[index];
      if (device !== undefined && ids.has(device.id)) this.#showRow(row, device);
    }
  }

  #tick(): void {
    const nowMs = Date.now();
    for (const row of this.#shown.values()) row.tick(nowMs);
  }

  #move(by: number): void {
    this.#current = Math.min(Math.max(this.#current + by, 0), this.#devices.length - 1);
    if (this.#current < 0) return;
    this.#virtual.scrollToIndex(this.#current, { align: "auto" });
    // A row that was out of the window exists only after the list has followed.
    requestAnimationFrame(() => {
      this.#draw();
      this.#shown.get(this.#current)?.focus();
    });
  }

  readonly #takeKey = (event: KeyboardEvent): void => {
    if (!isForPage(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") this.#move(1);
    else if (event.key === "k") this.#move(-1);
    else return;
    event.preventDefault();
  };
}

const columnKinds = ["name", "type", "state", "seen", "value", "spark", "alarms"];
