import type { AlarmSummary, AlarmVerdict } from "../../../schema/alarm.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { isUnacknowledged } from "../../../schema/unseen.ts";
import { whoOf } from "../alarm/alarm-words.ts";
import { withoutKind } from "../parts/names.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { formatAge, formatMeasure, formatMoment, formatSpan } from "../shell/format.ts";
import { may } from "../shell/signing.ts";
import { Retune } from "./retune.ts";
import { startSwipe } from "./swipe.ts";

/** Shows an alarm, where its sensor is or on a page of its own. */
export type Select = (alarm: AlarmSummary) => void;

/** What operators do about an alarm; each answers whether it could be done. */
export interface Orders {
  readonly acknowledge: (alarm: AlarmSummary) => Promise<boolean>;
  /** Likewise, after a while in which it can be taken back: a finger slips more easily than a hand with a mouse. */
  readonly acknowledgeSoon: (alarm: AlarmSummary) => void;
  readonly takeBack: (alarm: AlarmSummary) => void;
  readonly judge: (alarm: AlarmSummary, verdict: AlarmVerdict | "none") => Promise<boolean>;
}

/** One alarm: what it is about, since when it goes on, and who has taken it on. As low as can be, so that many are seen at once. */
export class InboxRow {
  readonly element: HTMLElement;
  readonly #device = element("span", { class: "feed-device" });
  readonly #age = element("time", { class: "feed-age" });
  readonly #sensor = element("span", { class: "alarm-sensor" });
  readonly #severity = element("span", { class: "severity-word" });
  readonly #ended = element("span");
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
      element("span", { class: "alarm-text" }, [this.#severity, this.#ended, " · ", this.#sentence]),
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
    const { id, sensorType, state, peak, raisedUs, clearedUs, acknowledgedBy, assignee } = alarm;
    setAttribute(this.element, "data-alarm", String(id));
    setAttribute(this.element, "data-state", state);
    setAttribute(this.element, "data-severity", alarm.severity);
    const who = whoOf(alarm);
    setText(this.#device, who);
    setText(this.#sensor, sensorLabel(sensorType));
    setText(this.#severity, alarm.severity);
    const isOver = state === "cleared" && clearedUs !== null;
    setText(this.#ended, isOver ? `, cleared after ${formatSpan((clearedUs - raisedUs) / 1000)}` : "");
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
    this.#acknowledge.hidden = isSoon || this.#shown === undefined || !isUnacknowledged(this.#shown);
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
