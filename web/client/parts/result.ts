import { element, setText } from "../shell/element.ts";
import { sentenceOf } from "./desk.ts";

/** Says what came of what somebody did. One thing at a time. */
export class Result {
  readonly element = element("p", { class: "desk-result", role: "status" });
  #isBusy = false;

  say(sentence: string): void {
    setText(this.element, sentence);
  }

  /** Does the work, says its sentence or what went wrong, and answers whether it was done. */
  async run(work: () => Promise<string>): Promise<boolean> {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    this.say("Working …");
    try {
      this.say(await work());
      return true;
    } catch (cause) {
      this.say(`Not done. ${sentenceOf(cause)}`);
      return false;
    } finally {
      this.#isBusy = false;
    }
  }
}
