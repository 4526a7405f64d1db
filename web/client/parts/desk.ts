import { element, setText } from "../shell/element.ts";
import { button } from "./controls.ts";
import { replaceKeepingFocus } from "./keep-focus.ts";

export interface DeskOptions<Answer> {
  readonly load: () => Promise<Answer>;
  /** What is shown of an answer, in the place of what was shown before. */
  readonly show: (answer: Answer) => readonly (Node | string)[];
  /** Asks again so often; left out: only when something was done, or somebody wants it. */
  readonly everyMs?: number;
  readonly loading?: string;
}

/**
 * A place that shows what the server answers: it says that it waits, what went wrong, or the answer. What was shown stays while a later
 * question fails.
 */
export class Desk<Answer> {
  readonly element = element("div", { class: "desk", "data-state": "loading" });
  readonly #options: DeskOptions<Answer>;
  readonly #body = element("div");
  readonly #failure = element("div", { class: "failure is-small", role: "alert", hidden: "" });
  readonly #failureText = element("p");
  readonly #timer: number | undefined;
  #questions = 0;
  #shown: string | undefined;
  #isStopped = false;

  constructor(options: DeskOptions<Answer>) {
    this.#options = options;
    this.#failure.append(
      this.#failureText,
      button("Try now", () => void this.refresh()),
    );
    this.#body.append(element("p", { class: "desk-nothing" }, [options.loading ?? "Asking the server …"]));
    this.element.append(this.#failure, this.#body);
    if (options.everyMs !== undefined) {
      this.#timer = window.setInterval(() => void this.refresh(), options.everyMs);
    }
    void this.refresh();
  }

  /** Asks the server; of answers that overtake each other the last asked for counts. */
  async refresh(): Promise<void> {
    this.#questions += 1;
    const question = this.#questions;
    try {
      const answer = await this.#options.load();
      if (question !== this.#questions || this.#isStopped) return;
      this.#take(answer);
    } catch (cause) {
      if (question !== this.#questions || this.#isStopped) return;
      setText(this.#failureText, sentenceOf(cause));
      this.#failure.hidden = false;
      if (this.#shown === undefined) {
        this.element.dataset["state"] = "failed";
        this.#body.replaceChildren();
      }
    }
  }

  #take(answer: Answer): void {
    this.#failure.hidden = true;
    this.element.dataset["state"] = "ready";
    // Left alone when nothing changed: somebody may be about to press one of its buttons.
    const text = JSON.stringify(answer);
    if (text === this.#shown) return;
    this.#shown = text;
    replaceKeepingFocus(this.#body, () => this.#options.show(answer));
  }

  /** Shows the last answer anew, since something else that is shown with it has changed. */
  forget(): void {
    this.#shown = undefined;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }
}

export function sentenceOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
