import type { AlarmSummary, AlarmVerdict } from "../../../schema/alarm.ts";
import type { AlarmEvent } from "../../../schema/event.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { whoOf } from "../alarm/alarm-words.ts";
import { HeldRows } from "../parts/held-rows.ts";
import { withoutKind } from "../parts/names.ts";
import { element, find, setAttribute, setText } from "../shell/element.ts";
import { formatAge, formatMeasure, formatMoment } from "../shell/format.ts";
import { acknowledgeAlarm, fetchOpenAlarms, judgeAlarm } from "../shell/server-api.ts";
import { may } from "../shell/signing.ts";
import { AlarmBook } from "./alarm-book.ts";
import { Grace, graceMs } from "./grace.ts";
import { Retune } from "./retune.ts";
import { startSwipe } from "./swipe.ts";

const refreshEveryMs = 60_000;

/** Shows an alarm, where its sensor is or on a page of its own. */
type Select = (alarm: AlarmSummary) => void;

/** The open alarms, the worst on top; hidden while there are none. */
export class Inbox {
  readonly #section: HTMLElement;
  readonly #count: HTMLElement;
  readonly #held: HeldRows<number, Row>;
  readonly #result: HTMLElement;
  readonly #timers: readonly number[];
  readonly #book = new AlarmBook();
  readonly #grace = new Grace<number>();
  readonly #onSelect: Select;
  readonly #onChange: () => void;
  #rows = new Map<number, Row>();

  /** `within` has the elements of the inbox. */
  constructor(within: HTMLElement, onSelect: Select, onChange: () => void) {
    this.#section = find("#inbox", within);
    this.#count = find("#inbox-count", within);
    this.#held = new HeldRows(find("#inbox-list", within));
    this.#result = find("#inbox-result", within);
    this.#onSelect = onSelect;
    this.#onChange = onChange;
    this.#timers = [
      window.setInterval(() => this.#tick(Date.now()), 1000),
      // Further anomalies of an open alarm are not pushed with it. A failure is no matter: the next look is near.
      window.setInterval(() => this.refresh().catch(() => undefined), refreshEveryMs),
    ];
  }

  /** Whether a device has an open alarm of its own. */
  hasAlarm(deviceId: string): boolean {
    return this.#book.open(Date.now()).some((alarm) => alarm.deviceId === deviceId);
  }

  /** Acknowledges the alarm in whose row the focus is, when `a` was pressed; false when it means nothing. */
  readonly obey = (key: string): boolean => {
    if (key !== "a") return false;
    const row = [...this.#rows.values()].find(({ element: own }) => own.contains(document.activeElement));
    row?.acknowledge();
    return row !== undefined;
  };

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#grace.finish();
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
      const row = this.#rows.get(alarm.id) ?? new Row(this.#onSelect, this.#orders);
      row.show(alarm, nowMs);
      // Somebody else was faster.
      if (alarm.state !== "raised") this.#grace.takeBack(alarm.id);
      row.showSoon(this.#grace.has(alarm.id));
      rows.set(alarm.id, row);
    }
    for (const id of this.#rows.keys()) if (!rows.has(id)) this.#grace.takeBack(id);
    const focused = this.#focusedIndex();
    this.#rows = rows;
    this.#held.place(rows);
    // The row that had it is gone: the one in its place has it now.
    if (focused !== -1 && this.#focusedIndex() === -1)
      this.#held.rows[Math.min(focused, rows.size - 1)]?.focus();
    setText(this.#count, rows.size === 0 ? "" : String(rows.size));
    this.#section.hidden = rows.size === 0;
    this.#onChange();
  }

  #focusedIndex(): number {
    return this.#held.rows.findIndex(({ element: row }) => row.contains(document.activeElement));
  }

  readonly #orders: Orders = {
    acknowledge: ({ id, version }) => this.#change("acknowledged", acknowledgeAlarm(id, version)),
    acknowledgeSoon: ({ id, version }) => {
      this.#grace.begin(id, () => void this.#change("acknowledged", acknowledgeAlarm(id, version)));
      setText(this.#result, `Acknowledged in ${graceMs / 1000} s, unless it is undone.`);
      this.#draw();
    },
    takeBack: ({ id }) => {
      this.#grace.takeBack(id);
      setText(this.#result, "Undone.");
      this.#draw();
    },
    judge: ({ id, version }, verdict) => this.#change("noted", judgeAlarm(id, version, verdict)),
  };

  /** False when it could not be done. */
  async #change(what: string, asked: ReturnType<typeof acknowledgeAlarm>): Promise<boolean> {
    try {
      const { alarm } = await asked;
      this.#book.take(alarm);
      setText(this.#result, "");
      this.#draw();
      return true;
    } catch (cause) {
      setText(this.#result, `Not ${what}. ${cause instanceof Error ? cause.message : String(cause)}`);
      // Perhaps somebody else was faster.
      await this.refresh().catch(() => undefined);
      return false;
    }
  }
}

/** What operators do about an alarm; each answers whether it could be done. */
interface Orders {
  readonly acknowledge: (alarm: AlarmSummary) => Promise<boolean>;
  /** Likewise, after a while in which it can be taken back: a finger slips more easily than a hand with a mouse. */
  readonly acknowledgeSoon: (alarm: AlarmSummary) => void;
  readonly takeBack: (alarm: AlarmSummary) => void;
  readonly judge: (alarm: AlarmSummary, verdict: AlarmVerdict | "none") => Promise<boolean>;
}

/** One alarm: what it is about, since when it goes on, and who has taken it on. As low as can be, so that many are seen at once. */
class Row {
  readonly element: HTMLElement;
  readonly #device = element("span", { class: "feed-device" });
  readonly #age = element("time", { class: "feed-age" });
  readonly #sensor = element("span", { class: "alarm-sensor" });
  readonly #severity = element("span", { class: "severity-word" });
  readonly #sentence = element("span");
  readonly #state = element("span", { class: "alarm-state" });
  readonly #retune = new Retune();
  readonly #acknowledge = plainButton("Acknowledge");
  readonly #undo = plainButton("Undo");
  readonly #confirm = plainButton("Confirm");
  readonly #deny = plainButton("False alarm");
  readonly #details = element("a", { class: "row-link" }, ["Details"]);
  #shown: AlarmSummary | undefined;

  constructor(onSelect: Select, orders: Orders) {
    const button = element("button", { type: "button", class: "feed-item" }, [
      element("span", { class: "alarm-mark severity-mark", "aria-hidden": "true" }),
      element("span", { class: "alarm-subject" }, [this.#device, " ", this.#sensor]),
      this.#age,
      element("span", { class: "alarm-text" }, [this.#severity, " · ", this.#sentence]),
    ]);
    button.addEventListener("click", () => {
      if (this.#shown !== undefined) onSelect(this.#shown);
    });
    this.#onClick(this.#acknowledge, (alarm) => orders.acknowledge(alarm));
    this.#onClick(this.#confirm, (alarm) => orders.judge(alarm, turned(alarm, "confirmed")));
    this.#onClick(this.#deny, async (alarm) => {
      const verdict = turned(alarm, "false-alarm");
      const isNoted = await orders.judge(alarm, verdict);
      // Only the detector has a line that could be moved.
      if (isNoted && verdict === "false-alarm" && alarm.rule === "anomaly" && alarm.members === 0)
        void this.#retune.offer(alarm);
    });
    this.#onClick(this.#undo, async (alarm) => orders.takeBack(alarm));
    const buttons = [this.#confirm, this.#deny, this.#acknowledge, this.#undo, this.#details];
    const foot = element("div", { class: "alarm-foot" }, [
      this.#state,
      element("span", { class: "alarm-buttons" }, buttons),
    ]);
    this.element = element("li", { class: "alarm" }, [button, foot, this.#retune.element]);
    startSwipe(this.element, {
      canSwipe: () => !this.#acknowledge.hidden && may("operator"),
      onSwipe: () => this.#shown !== undefined && orders.acknowledgeSoon(this.#shown),
    });
  }

  #onClick(button: HTMLButtonElement, work: (alarm: AlarmSummary) => Promise<unknown>): void {
    button.addEventListener("click", () => {
      if (this.#shown === undefined) return;
      const hadFocus = document.activeElement === button;
      button.disabled = true;
      void work(this.#shown).finally(() => {
        button.disabled = false;
        // What is disabled or hidden loses the focus.
        const isLost = hadFocus && document.activeElement === document.body;
        if (isLost && button.hidden) this.focus();
        else if (isLost) button.focus({ preventScroll: true });
      });
    });
  }

  focus(): void {
    this.element.querySelector("button")?.focus({ preventScroll: true });
  }

  acknowledge(): void {
    if (!this.#acknowledge.hidden && may("operator")) this.#acknowledge.click();
  }

  show(alarm: AlarmSummary, nowMs: number): void {
    if (alarm === this.#shown) return;
    this.#shown = alarm;
    const { id, sensorType, state, peak, raisedUs, acknowledgedBy, assignee } = alarm;
    setAttribute(this.element, "data-alarm", String(id));
    setAttribute(this.element, "data-state", state);
    setAttribute(this.element, "data-severity", alarm.severity);
    const who = whoOf(alarm);
    setText(this.#device, who);
    setText(this.#sensor, sensorLabel(sensorType));
    setText(this.#severity, alarm.severity);
    const value = peak.value === null ? "" : `${formatMeasure(sensorType, peak.value)}, `;
    setText(this.#sentence, peak.sentence || `${value}unusual for this sensor.`);
    setAttribute(this.#age, "datetime", new Date(raisedUs / 1000).toISOString());
    setAttribute(this.#age, "title", `Since ${formatMoment(raisedUs / 1000)}`);
    const assigned = assignee === null ? [] : [`assigned to ${assignee}`];
    const acknowledged = acknowledgedBy === null ? [] : [`acknowledged by ${withoutKind(acknowledgedBy)}`];
    setText(this.#state, [...acknowledged, ...assigned].join(", "));
    const sensor = `${who}, ${sensorLabel(sensorType)}`;
    setAttribute(this.#acknowledge, "aria-label", `Acknowledge ${sensor}`);
    setAttribute(this.#undo, "aria-label", `Undo, and leave ${sensor} unacknowledged`);
    setAttribute(this.#details, "aria-label", `Details of ${sensor}`);
    setAttribute(this.#details, "href", `/alarms/${id}`);
    this.#showVerdict(alarm, sensor);
    this.tick(nowMs);
  }

  /** Whether it is about to be acknowledged, and can be left as it is. */
  showSoon(isSoon: boolean): void {
    this.#acknowledge.hidden = isSoon || this.#shown?.state !== "raised";
    this.#undo.hidden = !isSoon;
    this.element.toggleAttribute("data-soon", isSoon);
  }

  #showVerdict({ judgement }: AlarmSummary, sensor: string): void {
    setAttribute(this.#confirm, "aria-label", `Confirm ${sensor}`);
    setAttribute(this.#deny, "aria-label", `False alarm ${sensor}`);
    setAttribute(this.#confirm, "aria-pressed", String(judgement?.verdict === "confirmed"));
    setAttribute(this.#deny, "aria-pressed", String(judgement?.verdict === "false-alarm"));
    const title = judgement === null ? "" : `By ${withoutKind(judgement.by)}; press again to take it back`;
    for (const button of [this.#confirm, this.#deny]) button.title = title;
  }

  tick(nowMs: number): void {
    if (this.#shown !== undefined) setText(this.#age, formatAge(nowMs - this.#shown.raisedUs / 1000));
  }
}

function plainButton(label: string): HTMLButtonElement {
  return element("button", { type: "button", class: "plain-button needs-operator" }, [label]);
}

/** The verdict after a press: the same once more takes it back. */
function turned({ judgement }: AlarmSummary, verdict: AlarmVerdict): AlarmVerdict | "none" {
  return judgement?.verdict === verdict ? "none" : verdict;
}
