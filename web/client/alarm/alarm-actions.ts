import type { AlarmSummary, AlarmVerdict } from "../../../schema/alarm.ts";
import { isUnacknowledged } from "../../../schema/unseen.ts";
import { Retune } from "../overview/retune.ts";
import { button, choice, field, form, submit, textInput } from "../parts/controls.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { may } from "../shell/signing.ts";
import { type AlarmWish, changeAlarm } from "./alarm-api.ts";
import { shelfTimes } from "./alarm-words.ts";

export interface ActionDeps {
  /** Does it, says what came of it, and answers whether it was done; the page shows the alarm anew then. */
  readonly run: (work: () => Promise<string>) => Promise<boolean>;
  /** Who would take an alarm on by "me". */
  readonly ownName: string | undefined;
}

/** What an operator can do about an alarm. Kept while the alarm changes, so that nothing typed is lost. */
export class AlarmActions {
  readonly element = element("div", { class: "needs-operator" });
  readonly #deps: ActionDeps;
  readonly #acknowledge = button(
    "Acknowledge",
    () => void this.#do({ kind: "acknowledge" }, "Acknowledged."),
  );
  readonly #clear = button("Clear", () => void this.#do({ kind: "clear" }, "Cleared."));
  readonly #confirm = button("Confirm", () => void this.#judge("confirmed"));
  readonly #deny = button("False alarm", () => void this.#judge("false-alarm"));
  readonly #unshelve = button(
    "Take off the shelf",
    () => void this.#do({ kind: "shelve", seconds: 0 }, "It is off the shelf."),
  );
  readonly #assignee = textInput({ name: "assignee", autocapitalize: "none" });
  readonly #shelf = choice(shelfTimes, { name: "shelf" });
  readonly #comment = textInput({ name: "comment", maxlength: "2000" });
  readonly #note = textInput({ name: "note", maxlength: "2000" });
  readonly #ongoing: HTMLElement;
  readonly #retune = new Retune();
  #alarm: AlarmSummary | undefined;

  constructor(deps: ActionDeps) {
    this.#deps = deps;
    this.#assignee.value = deps.ownName ?? "";
    this.#ongoing = element("div", {}, [
      form([field("Assign to", this.#assignee), submit("Assign")], () => void this.#assign()),
      form([field("Shelve for", this.#shelf), submit("Shelve"), this.#unshelve], () => void this.#shelve()),
    ]);
    this.element.append(
      element("div", { class: "desk-buttons" }, [this.#acknowledge, this.#clear]),
      element("h4", {}, ["Was it one?"]),
      element("div", { class: "desk-form" }, [field("Note, if any", this.#note), this.#confirm, this.#deny]),
      this.#retune.element,
      this.#ongoing,
      form([field("Comment", this.#comment), submit("Add")], () => void this.#tell()),
    );
  }

  show(alarm: AlarmSummary): void {
    this.#alarm = alarm;
    const isOver = alarm.state === "cleared";
    const isPressed = [this.#acknowledge, this.#clear].some((own) => own === document.activeElement);
    this.#acknowledge.hidden = !isUnacknowledged(alarm);
    this.#clear.hidden = isOver;
    // What is hidden loses the focus, so it goes to what comes next.
    if (isPressed) [this.#acknowledge, this.#clear, this.#note].find(({ hidden }) => !hidden)?.focus();
    this.#ongoing.hidden = isOver;
    this.#unshelve.hidden = alarm.shelvedUntilUs === null;
    const verdict = alarm.judgement?.verdict;
    setAttribute(this.#confirm, "aria-pressed", String(verdict === "confirmed"));
    setAttribute(this.#deny, "aria-pressed", String(verdict === "false-alarm"));
    setText(this.#confirm, verdict === "confirmed" ? "Confirmed" : "Confirm");
  }

  /** What `a` on the keyboard does. */
  acknowledge(): void {
    if (this.#alarm !== undefined && isUnacknowledged(this.#alarm) && may("operator"))
      void this.#do({ kind: "acknowledge" }, "Acknowledged.");
  }

  async #do(wish: AlarmWish, said: string): Promise<boolean> {
    const alarm = this.#alarm;
    if (alarm === undefined) return false;
    return this.#deps.run(async () => {
      this.show(await changeAlarm(alarm, wish));
      return said;
    });
  }

  async #judge(pressed: AlarmVerdict): Promise<void> {
    const alarm = this.#alarm;
    if (alarm === undefined) return;
    const isTakenBack = alarm.judgement?.verdict === pressed;
    const note = this.#note.value.trim();
    const verdict = isTakenBack ? "none" : pressed;
    const wish = { kind: "feedback", verdict, ...(note === "" ? {} : { note }) } as const;
    if (!(await this.#do(wish, isTakenBack ? "Taken back." : "Noted."))) return;
    this.#note.value = "";
    // Only the detector has a line that could be moved.
    const isTunable = alarm.rule === "anomaly" && alarm.members === 0;
    if (isTunable && pressed === "false-alarm" && !isTakenBack) void this.#retune.offer(alarm);
  }

  async #assign(): Promise<void> {
    const name = this.#assignee.value.trim().toLowerCase();
    const said = name === "" ? "It is assigned to nobody." : `Assigned to ${name}.`;
    await this.#do({ kind: "assign", assignee: name === "" ? null : name }, said);
  }

  async #shelve(): Promise<void> {
    const seconds = Number(this.#shelf.value);
    await this.#do({ kind: "shelve", seconds }, "It says nothing until then.");
  }

  async #tell(): Promise<void> {
    const comment = this.#comment.value.trim();
    if (comment !== "" && (await this.#do({ kind: "comment", comment }, "Added."))) this.#comment.value = "";
  }
}
