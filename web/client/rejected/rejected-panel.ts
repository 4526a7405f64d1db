import { sentenceOf } from "../parts/desk.ts";
import type { Part } from "../parts/parted-page.ts";
import { RowList } from "../parts/row-list.ts";
import { element, find, findAs, setText } from "../shell/element.ts";
import { formatCount } from "../shell/format.ts";
import { isForPage } from "../shell/keys.ts";
import { fetchRejected } from "../shell/server-api.ts";
import { may } from "../shell/signing.ts";
import { rejectedLayout } from "./layout.ts";
import { rejectedChanged } from "./rejected-count.ts";
import { RejectedRow } from "./rejected-row.ts";
import type { RejectedItem } from "./rejected-words.ts";
import { countOf, discardAll, replayAll, type Target } from "./rejected-work.ts";

const refreshMs = 30_000;
const pageSize = 50;
const mostShown = 1000;

export function openRejected(): Part {
  return new RejectedPanel();
}

/** The refused messages: the list, and what can be done about one of them, some, or all of a code. */
class RejectedPanel implements Part {
  readonly element = rejectedLayout();
  readonly #title = this.#find("#rejected-title");
  readonly #all = this.#findAs("#rejected-all", HTMLInputElement);
  readonly #filter = this.#findAs("#rejected-code", HTMLSelectElement);
  readonly #replay = this.#findAs("#rejected-replay", HTMLButtonElement);
  readonly #discard = this.#findAs("#rejected-discard", HTMLButtonElement);
  readonly #confirm = this.#find("#rejected-confirm");
  readonly #more = this.#find("#rejected-more");
  readonly #list = new RowList<RejectedItem, RejectedRow>({
    host: this.#find("#rejected-list"),
    title: this.#title,
    make: (item) =>
      new RejectedRow(item, {
        onSelect: () => this.#showTools(),
        onReplay: (id) => this.#run(replayAll, { kind: "ids", ids: [id] }),
        onDiscard: (id) => this.#run(discardAll, { kind: "ids", ids: [id] }),
      }),
  });
  readonly #timers: readonly number[];
  #limit = pageSize;
  /** When the newest that is shown was refused: what came later nobody has seen. */
  #newestUs: number | undefined;
  #codes: readonly { readonly code: string; readonly count: number }[] = [];
  /** What the question before a discard is about, while it is asked. */
  #asked: Target | undefined;
  /** The message that another Delete discards. */
  #doomed: string | undefined;
  #isBusy = false;
  #refreshes = 0;

  constructor() {
    document.addEventListener("keydown", this.#takeKey);
    this.#all.addEventListener("change", () => {
      this.#list.selectAll(this.#all.checked);
      this.#showTools();
    });
    this.#filter.addEventListener("change", () => {
      this.#limit = pageSize;
      this.#list.show([]);
      this.#newestUs = undefined;
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
    this.#find("#rejected-yes").addEventListener("click", () => {
      const target = this.#asked;
      this.#askNoMore();
      this.#run(discardAll, target);
    });
    this.#find("#rejected-no").addEventListener("click", () => {
      this.#askNoMore();
      this.#discard.focus();
    });
    this.#timers = [
      window.setInterval(() => void this.#refresh(), refreshMs),
      window.setInterval(() => this.#tick(), 1000),
    ];
    void this.#refresh();
  }

  refresh(): void {
    void this.#refresh();
  }

  stop(): void {
    document.removeEventListener("keydown", this.#takeKey);
    for (const timer of this.#timers) clearInterval(timer);
  }

  #find(selector: string): HTMLElement {
    return find(selector, this.element);
  }

  #findAs<Kind extends HTMLElement>(selector: string, kind: new () => Kind): Kind {
    return findAs(selector, kind, this.element);
  }

  async #refresh(): Promise<void> {
    this.#refreshes += 1;
    const own = this.#refreshes;
    try {
      const { rejected, next, codes } = await fetchRejected(this.#limit, this.#filter.value);
      // Something was discarded or another code chosen since this was asked; a later answer knows of it.
      if (own !== this.#refreshes) return;
      this.#codes = codes;
      this.#list.show(rejected);
      this.#newestUs = rejected[0]?.receivedUs;
      this.#more.hidden = next === null || this.#limit === mostShown;
    } catch (cause) {
      this.#say(sentenceOf(cause));
    }
    this.#showCodes();
    this.#showTools();
  }

  #tick(): void {
    for (const row of this.#list.rows) row.tick(Date.now());
  }

  #total(): number {
    return this.#codes.reduce((sum, { count }) => sum + count, 0);
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
    const { selected } = this.#list;
    const size = this.#list.rows.length;
    this.#all.disabled = size === 0;
    this.#all.checked = size > 0 && selected.length === size;
    this.#all.indeterminate = selected.length > 0 && selected.length < size;
    const nothing = this.#find("#rejected-nothing");
    nothing.hidden = size > 0;
    setText(nothing, this.#filter.value === "" ? "Nothing is rejected." : "Nothing with this code.");
  }

  /** What the buttons of the head are about: the messages selected, else all of the code that is chosen. */
  #target(): Target | undefined {
    const ids = this.#list.selected.map(({ id }) => id);
    if (ids.length > 0) return { kind: "ids", ids };
    const code = this.#filter.value;
    const count = this.#codes.find((one) => one.code === code)?.count ?? 0;
    const untilUs = this.#newestUs;
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
    setText(this.#find("#rejected-question"), `Discard ${formatCount(countOf(target))}?`);
    this.#confirm.hidden = false;
    this.#find("#rejected-actions").hidden = true;
    this.#find("#rejected-no").focus();
  }

  #askNoMore(): void {
    this.#asked = undefined;
    this.#confirm.hidden = true;
    this.#find("#rejected-actions").hidden = false;
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
        rejectedChanged();
        this.#say(sentence);
      });
  }

  readonly #takeKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && this.#asked !== undefined) {
      event.preventDefault();
      this.#askNoMore();
      this.#discard.focus();
      return;
    }
    const isInPayload = event.target instanceof HTMLPreElement;
    if (isInPayload || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!isForPage(event)) return;
    if (event.key !== "Delete") this.#spare();
    if (this.#obey(event.key)) event.preventDefault();
  };

  /** Whether the key means something in the list. */
  #obey(key: string): boolean {
    const current = this.#list.current?.id;
    const target: Target | undefined = current === undefined ? undefined : { kind: "ids", ids: [current] };
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
        // Of one that cannot be replayed the answer says why.
        this.#run(replayAll, target);
        return true;
      case "Delete":
        this.#discardByKey(current);
        return true;
      default:
        return false;
    }
  }

  /** What it would remove for good, the key has to say twice. */
  #discardByKey(id: string | undefined): void {
    if (id === undefined || !may("operator")) return;
    if (this.#doomed === id) this.#run(discardAll, { kind: "ids", ids: [id] });
    else this.#say("Discard this message for good? Delete again does, any other key does not.");
    this.#doomed = this.#doomed === id ? undefined : id;
  }

  #spare(): void {
    if (this.#doomed !== undefined) this.#say("");
    this.#doomed = undefined;
  }

  #say(sentence: string): void {
    setText(this.#find("#rejected-result"), sentence);
  }
}
