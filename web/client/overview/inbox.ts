import type { AlarmEvent } from "../../../schema/event.ts";
import { isUnacknowledged } from "../../../schema/unseen.ts";
import { HeldRows } from "../parts/held-rows.ts";
import { find, setText } from "../shell/element.ts";
import { acknowledgeAlarm, fetchOpenAlarms, fetchUnseenAlarms, judgeAlarm } from "../shell/server-api.ts";
import { AlarmBook } from "./alarm-book.ts";
import { Grace, graceMs } from "./grace.ts";
import { InboxRow, type Orders, type Select } from "./inbox-row.ts";
import { countOf, moreOf, unseenShown } from "./inbox-words.ts";

const refreshEveryMs = 60_000;

/** The open alarms, the worst on top, and below them those that cleared and nobody acknowledged; hidden while there are none. */
export class Inbox {
  readonly #section: HTMLElement;
  readonly #count: HTMLElement;
  readonly #more: HTMLElement;
  readonly #held: HeldRows<number, InboxRow>;
  readonly #result: HTMLElement;
  readonly #timers: readonly number[];
  readonly #book = new AlarmBook();
  readonly #grace = new Grace<number>();
  readonly #onSelect: Select;
  readonly #onChange: () => void;
  #rows = new Map<number, InboxRow>();
  #isUnseenFull = false;

  /** `within` has the elements of the inbox. */
  constructor(within: HTMLElement, onSelect: Select, onChange: () => void) {
    this.#section = find("#inbox", within);
    this.#count = find("#inbox-count", within);
    this.#more = find("#inbox-more", within);
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

  /** Asks the server what is open, and what is over unseen. */
  async refresh(): Promise<void> {
    const mark = this.#book.mark();
    const [open, unseen] = await Promise.all([fetchOpenAlarms(), fetchUnseenAlarms()]);
    this.#book.replace([...open.alarms, ...unseen.alarms], mark);
    this.#isUnseenFull = unseen.next !== null;
    this.#draw();
  }

  #tick(nowMs: number): void {
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  #draw(): void {
    const nowMs = Date.now();
    const rows = new Map<number, InboxRow>();
    const [open, unseen] = [this.#book.open(nowMs), this.#book.unseen()];
    for (const alarm of [...open, ...unseen.slice(0, unseenShown)]) {
      const row = this.#rows.get(alarm.id) ?? new InboxRow(this.#onSelect, this.#orders);
      row.show(alarm, nowMs);
      // Somebody else was faster.
      if (!isUnacknowledged(alarm)) this.#grace.takeBack(alarm.id);
      row.showSoon(this.#grace.has(alarm.id));
      rows.set(alarm.id, row);
    }
    for (const id of this.#rows.keys()) if (!rows.has(id)) this.#grace.takeBack(id);
    this.#rows = rows;
    this.#place(rows);
    const counts = { open: open.length, unseen: unseen.length, isFull: this.#isUnseenFull };
    setText(this.#count, countOf(counts));
    setText(find("a", this.#more), moreOf(counts));
    this.#more.hidden = moreOf(counts) === "";
    this.#section.hidden = rows.size === 0;
    this.#onChange();
  }

  #place(rows: ReadonlyMap<number, InboxRow>): void {
    const at = this.#focusedIndex();
    const focused = this.#held.rows[at];
    this.#held.place(rows);
    if (focused === undefined || this.#focusedIndex() !== -1) return;
    // A row that moves loses the focus. Where it is gone, the one in its place has it now.
    const isThere = this.#held.rows.includes(focused);
    (isThere ? focused : this.#held.rows[Math.min(at, rows.size - 1)])?.focus();
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
