import { element, find, findAs, setText } from "../shell/element.ts";
import { fetchRejected } from "../shell/server-api.ts";
import { may } from "../shell/signing.ts";
import { RejectedList } from "./rejected-list.ts";
import { formatCount } from "./rejected-words.ts";
import { countOf, discardAll, replayAll, type Target } from "./rejected-work.ts";

const refreshMs = 30_000;
const pageSize = 50;
const mostShown = 1000;

/** The panel of refused messages: a count in the head of the page, and behind it the list with what can be done. */
export class RejectedPanel {
  readonly #dialog = findAs("#rejected", HTMLDialogElement);
  readonly #opener = find("#rejected-open");
  readonly #title = find("#rejected-title");
  readonly #all = findAs("#rejected-all", HTMLInputElement);
  readonly #filter = findAs("#rejected-code", HTMLSelectElement);
  readonly #replay = findAs("#rejected-replay", HTMLButtonElement);
  readonly #discard = findAs("#rejected-discard", HTMLButtonElement);
  readonly #confirm = find("#rejected-confirm");
  readonly #more = find("#rejected-more");
  readonly #list = new RejectedList({
    onSelect: () => this.#showTools(),
    onReplay: (id) => this.#run(replayAll, { kind: "ids", ids: [id] }),
    onDiscard: (id) => this.#run(discardAll, { kind: "ids", ids: [id] }),
  });
  #limit = pageSize;
  #codes: readonly { readonly code: string; readonly count: number }[] = [];
  /** What the question before a discard is about, while it is asked. */
  #asked: Target | undefined;
  #isBusy = false;
  #refreshes = 0;

  start(): void {
    this.#opener.addEventListener("click", () => this.#open());
    find("#rejected-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#leave());
    this.#dialog.addEventListener("keydown", (event) => this.#takeKey(event));
    this.#all.addEventListener("change", () => this.#list.selectAll(this.#all.checked));
    this.#filter.addEventListener("change", () => {
      this.#limit = pageSize;
      this.#list.clear();
      this.#askNoMore();
      this.#say("");
      void this.#refresh();
    });
    this.#more.addEventListener("click", () => {
      this.#limit = Math.min(mostShown, this.#limit + pageSize);
      void this.#refresh();
    });
    this.#replay.addEventListener("click", () => this.#run(replayAll, this.#target()));
    this.#discard.addEventListener("click", () => this.#ask());
    find("#rejected-yes").addEventListener("click", () => {
      const target = this.#asked;
      this.#askNoMore();
      this.#run(discardAll, target);
    });
    find("#rejected-no").addEventListener("click", () => {
      this.#askNoMore();
      this.#discard.focus();
    });
    setInterval(() => void this.#refresh(), refreshMs);
    setInterval(() => this.#dialog.open && this.#list.tick(Date.now()), 1000);
    void this.#refresh();
  }

  #open(): void {
    this.#say("");
    this.#dialog.showModal();
    this.#title.focus();
    void this.#refresh();
  }

  #leave(): void {
    this.#askNoMore();
    this.#showCount();
    // With nothing rejected the button is gone; the page is then the place to go on from.
    if (this.#opener.hidden) find("#page").focus();
    else this.#opener.focus();
  }

  /** Brings the count up to date and, while somebody looks, the list. */
  async #refresh(): Promise<void> {
    const isOpen = this.#dialog.open;
    this.#refreshes += 1;
    const own = this.#refreshes;
    try {
      const { rejected, next, codes } = await fetchRejected(isOpen ? this.#limit : 1, this.#filter.value);
      // Something was discarded or another code chosen since this was asked; a later answer knows of it.
      if (own !== this.#refreshes) return;
      this.#codes = codes;
      if (isOpen) {
        this.#list.show(rejected);
        this.#more.hidden = next === null || this.#limit === mostShown;
      }
    } catch (cause) {
      // While the panel is closed the banner of the page speaks of a silent server.
      if (isOpen) this.#say(sentenceOf(cause));
    }
    this.#showCount();
    this.#showCodes();
    this.#showTools();
  }

  #total(): number {
    return this.#codes.reduce((sum, { count }) => sum + count, 0);
  }

  #showCount(): void {
    setText(find("#rejected-count"), formatCount(this.#total()));
    this.#opener.hidden = this.#total() === 0 && !this.#dialog.open;
  }

  #showCodes(): void {
    const chosen = this.#filter.value;
    const counts = new Map(this.#codes.map(({ code, count }) => [code, count]));
    // The code that is chosen stays on offer when none of it is left.
    if (chosen !== "" && !counts.has(chosen)) counts.set(chosen, 0);
    const options = [...counts].map(([code, count]) => ({ code, text: `${code} (${formatCount(count)})` }));
    options.unshift({ code: "", text: `All codes (${formatCount(this.#total())})` });
    const shown = [...this.#filter.options].map(({ text }) => text).join();
    // Left alone when nothing changed: somebody may have it open.
    if (options.map(({ text }) => text).join() === shown) return;
    this.#filter.replaceChildren(
      ...options.map(({ code, text }) => element("option", { value: code }, [text])),
    );
    this.#filter.value = chosen;
  }

  #showTools(): void {
    const target = this.#target();
    const count = countOf(target);
    const what = `${target?.kind === "code" ? "all " : ""}${formatCount(count)}`;
    setText(this.#replay, count === 0 ? "Replay" : `Replay ${what}`);
    setText(this.#discard, count === 0 ? "Discard" : `Discard ${what}`);
    this.#replay.disabled = this.#discard.disabled = count === 0 || this.#isBusy;
    const { size, selected } = this.#list;
    this.#all.disabled = size === 0;
    this.#all.checked = size > 0 && selected.length === size;
    this.#all.indeterminate = selected.length > 0 && selected.length < size;
    const nothing = find("#rejected-nothing");
    nothing.hidden = size > 0;
    setText(nothing, this.#filter.value === "" ? "Nothing is rejected." : "Nothing with this code.");
  }

  /** What the buttons of the head are about: the messages selected, else all of the code that is chosen. */
  #target(): Target | undefined {
    const ids = this.#list.selected;
    if (ids.length > 0) return { kind: "ids", ids };
    const code = this.#filter.value;
    const count = this.#codes.find((one) => one.code === code)?.count ?? 0;
    const untilUs = this.#list.newestUs;
    return untilUs === undefined || count === 0 ? undefined : { kind: "code", code, untilUs, count };
  }

  /** One message goes at once, as its own button would have it; before many go, this asks. */
  #ask(): void {
    const target = this.#target();
    if (countOf(target) === 1) {
      this.#run(discardAll, target);
      return;
    }
    this.#asked = target;
    setText(find("#rejected-question"), `Discard ${formatCount(countOf(target))}?`);
    this.#confirm.hidden = false;
    find("#rejected-actions").hidden = true;
    find("#rejected-no").focus();
  }

  #askNoMore(): void {
    this.#asked = undefined;
    this.#confirm.hidden = true;
    find("#rejected-actions").hidden = false;
  }

  /** Does the work, says what came of it and shows what is left. One at a time. */
  #run(work: (target: Target) => Promise<string>, target: Target | undefined): void {
    if (target === undefined || this.#isBusy || !may("operator")) return;
    this.#isBusy = true;
    this.#say("Working …");
    // A button that goes dark loses the focus; that of a row stays where it is.
    if (document.activeElement?.closest("#rejected-list") === null) this.#title.focus();
    this.#showTools();
    void work(target)
      .catch(sentenceOf)
      .then(async (sentence) => {
        this.#isBusy = false;
        await this.#refresh();
        this.#say(sentence);
      });
  }

  #takeKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.#asked !== undefined) {
      event.preventDefault();
      this.#askNoMore();
      this.#discard.focus();
      return;
    }
    const isElsewhere = event.target instanceof HTMLSelectElement || event.target instanceof HTMLPreElement;
    if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#obey(event.key)) event.preventDefault();
  }

  /** Whether the key means something in the list. */
  #obey(key: string): boolean {
    const current = this.#list.current();
    const target: Target | undefined = current && { kind: "ids", ids: [current.id] };
    switch (key) {
      case "ArrowDown":
      case "j":
        this.#list.move(1);
        return true;
      case "ArrowUp":
      case "k":
        this.#list.move(-1);
        return true;
      case "r":
        if (current?.isReplayable === true) this.#run(replayAll, target);
        return true;
      case "Delete":
        this.#run(discardAll, target);
        return true;
      default:
        return false;
    }
  }

  #say(sentence: string): void {
    setText(find("#rejected-result"), sentence);
  }
}

function sentenceOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
