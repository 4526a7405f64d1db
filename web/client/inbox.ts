import type { AlarmSummary } from "../../schema/alarm.ts";
import type { AlarmEvent } from "../../schema/event.ts";
import { sensorLabel } from "../../schema/sensors.ts";
import { AlarmBook } from "./alarm-book.ts";
import { arrange, element, find, setAttribute, setText } from "./element.ts";
import { formatAge, formatMeasure, formatMoment } from "./format.ts";
import { acknowledgeAlarm, fetchOpenAlarms } from "./server-api.ts";

const refreshEveryMs = 60_000;

/** Shows the sensor of an alarm and says whether it could. */
type Select = (alarm: AlarmSummary) => boolean;

/** The open alarms, the youngest on top; hidden while there are none. */
export class Inbox {
  readonly #section = find("#inbox");
  readonly #count = find("#inbox-count");
  readonly #list = find("#inbox-list");
  readonly #result = find("#inbox-result");
  readonly #book = new AlarmBook();
  readonly #onSelect: Select;
  #rows = new Map<number, Row>();

  constructor(onSelect: Select) {
    this.#onSelect = onSelect;
    setInterval(() => this.#tick(Date.now()), 1000);
    // Further anomalies of an open alarm are not pushed with it. A failure is no matter: the next look is near.
    setInterval(() => this.refresh().catch(() => undefined), refreshEveryMs);
  }

  /** What happened to an alarm. */
  take({ alarm }: AlarmEvent): void {
    if (this.#book.take(alarm)) this.#draw();
  }

  /** Asks the server what is open. */
  async refresh(): Promise<void> {
    const mark = this.#book.mark();
    const { alarms } = await fetchOpenAlarms();
    this.#book.replace(alarms, mark);
    this.#draw();
  }

  #tick(nowMs: number): void {
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  #draw(): void {
    const nowMs = Date.now();
    const rows = new Map<number, Row>();
    for (const alarm of this.#book.open(nowMs)) {
      const row = this.#rows.get(alarm.id) ?? new Row(this.#onSelect, (shown) => this.#acknowledge(shown));
      row.show(alarm, nowMs);
      rows.set(alarm.id, row);
    }
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.element.remove();
    this.#rows = rows;
    arrange(this.#list, rows.values());
    setText(this.#count, rows.size === 0 ? "" : String(rows.size));
    this.#section.hidden = rows.size === 0;
  }

  async #acknowledge({ id, version }: AlarmSummary): Promise<void> {
    try {
      const { alarm } = await acknowledgeAlarm(id, version);
      this.#book.take(alarm);
      setText(this.#result, "");
      this.#draw();
    } catch (cause) {
      setText(this.#result, `Not acknowledged. ${cause instanceof Error ? cause.message : String(cause)}`);
      // Perhaps somebody else was faster.
      await this.refresh().catch(() => undefined);
    }
  }
}

/** One alarm: its worst reading, since when it goes on, and who has taken it on. */
class Row {
  readonly element: HTMLElement;
  readonly #device = element("span", { class: "feed-device" });
  readonly #age = element("time", { class: "feed-age" });
  readonly #sensor = element("span", { class: "feed-sensor" });
  readonly #value = element("span", { class: "feed-value" });
  readonly #sentence = element("span", { class: "feed-sentence" });
  readonly #state = element("span", { class: "alarm-state" });
  readonly #acknowledge = element("button", { type: "button", class: "plain-button needs-operator" }, [
    "Acknowledge",
  ]);
  #shown: AlarmSummary | undefined;

  constructor(onSelect: Select, onAcknowledge: (alarm: AlarmSummary) => Promise<void>) {
    const note = element("span", { class: "feed-note", hidden: "" }, ["Not on the board now."]);
    const button = element("button", { type: "button", class: "feed-item" }, [
      element("span", { class: "alarm-mark", "aria-hidden": "true" }, ["●"]),
      ...[this.#device, this.#age, this.#sensor, this.#value, this.#sentence, note],
    ]);
    button.addEventListener("click", () => {
      if (this.#shown !== undefined) note.hidden = onSelect(this.#shown);
    });
    this.#acknowledge.addEventListener("click", () => {
      if (this.#shown === undefined) return;
      this.#acknowledge.disabled = true;
      void onAcknowledge(this.#shown).finally(() => {
        this.#acknowledge.disabled = false;
      });
    });
    const foot = element("div", { class: "alarm-foot" }, [this.#state, this.#acknowledge]);
    this.element = element("li", { class: "alarm" }, [button, foot]);
  }

  show(alarm: AlarmSummary, nowMs: number): void {
    if (alarm === this.#shown) return;
    this.#shown = alarm;
    const { id, deviceId, sensorType, state, peak, raisedUs, acknowledgedBy, assignee } = alarm;
    setAttribute(this.element, "data-alarm", String(id));
    setAttribute(this.element, "data-state", state);
    setAttribute(this.element, "data-severity", alarm.severity);
    const who = alarm.members > 0 ? `${alarm.members} devices` : deviceId;
    setText(this.#device, who);
    setText(this.#sensor, sensorLabel(sensorType));
    setText(this.#value, peak.value === null ? "" : formatMeasure(sensorType, peak.value));
    this.#value.title = "The worst reading";
    setText(this.#sentence, peak.sentence || "Unusual for this sensor.");
    setAttribute(this.#age, "datetime", new Date(raisedUs / 1000).toISOString());
    setAttribute(this.#age, "title", `Since ${formatMoment(raisedUs / 1000)}`);
    const assigned = assignee === null ? "" : `, assigned to ${assignee}`;
    const acknowledged = acknowledgedBy === null ? "" : `, acknowledged by ${withoutKind(acknowledgedBy)}`;
    setText(this.#state, `${alarm.severity}${acknowledged}${assigned}`);
    setAttribute(this.#acknowledge, "aria-label", `Acknowledge ${who}, ${sensorLabel(sensorType)}`);
    this.#acknowledge.hidden = state !== "raised";
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    if (this.#shown !== undefined) setText(this.#age, formatAge(nowMs - this.#shown.raisedUs / 1000));
  }
}

/** `operator:ada` is ada here. */
function withoutKind(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
