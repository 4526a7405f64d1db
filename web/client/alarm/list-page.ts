import type { AlarmsAnswer } from "../../../schema/alarm.ts";
import { api, ask } from "../api/asking.ts";
import { button, choice, field, form, nothing, submit, textInput } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import { element } from "../shell/element.ts";
import type { OpenPage, Page, Place, Shell } from "../shell/page.ts";
import { AlarmBench } from "./alarm-bench.ts";
import { inOrder, questionOf, stateOf } from "./list-words.ts";

const refreshMs = 30_000;
const soonMs = 150;
const states = [
  ["open", "open"],
  ["raised", "not acknowledged"],
  ["acknowledged", "acknowledged"],
  ["shelved", "shelved"],
  ["unseen", "cleared unseen"],
  ["cleared", "cleared"],
  ["all", "all"],
] as const;

export const open: OpenPage = (place, shell) => new AlarmsPage(place, shell);

/** Alarms to be worked at, those of today and of the past: `?state=open&device=a`. */
class AlarmsPage implements Page {
  readonly title = "Alarms";
  readonly element: HTMLElement;
  readonly #shell: Shell;
  readonly #state = choice(states, { name: "state" });
  readonly #device = textInput({ name: "device", placeholder: "all" });
  readonly #older = button("Older ones", () => this.#filter({ after: this.#next }));
  readonly #bench: AlarmBench;
  readonly #desk: Desk<AlarmsAnswer>;
  readonly #deafen: () => void;
  #query: URLSearchParams;
  #next = "";
  #soon: number | undefined;

  constructor({ query }: Place, shell: Shell) {
    this.#shell = shell;
    this.#query = query;
    this.#showQuery();
    this.#bench = new AlarmBench(() => this.#desk.refresh());
    this.#desk = new Desk({
      load: () => this.#load(),
      show: (answer) => this.#show(answer),
      everyMs: refreshMs,
    });
    const filter = form([field("State", this.#state), field("Device", this.#device), submit("Show")], () =>
      this.#filter({}),
    );
    this.#state.addEventListener("change", () => this.#filter({}));
    this.#older.hidden = true;
    this.#bench.element.append(this.#desk.element, this.#older);
    this.element = element("div", { class: "desk-page" }, [
      element("h2", {}, ["Alarms"]),
      filter,
      this.#bench.element,
    ]);
    this.#deafen = shell.live.listen({
      onConnect: () => this.refresh(),
      onEvent: ({ kind }) => {
        if (kind === "alarm") this.#refreshSoon();
      },
    });
  }

  follow({ query }: Place): void {
    this.#query = query;
    this.#bench.free();
    this.#showQuery();
    this.refresh();
  }

  refresh(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    void this.#desk.refresh();
  }

  stop(): void {
    clearTimeout(this.#soon);
    this.#bench.stop();
    this.#deafen();
    this.#desk.stop();
  }

  /** Once for all that happens at a time, as when many are acknowledged. */
  #refreshSoon(): void {
    this.#soon ??= window.setTimeout(() => this.refresh(), soonMs);
  }

  #showQuery(): void {
    this.#state.value = stateOf(this.#query);
    this.#device.value = this.#query.get("device") ?? "";
  }

  #filter(more: { readonly after?: string }): void {
    const query = { state: this.#state.value, device: this.#device.value.trim(), ...more };
    this.#shell.pushQuery(query);
    this.#query = new URLSearchParams(Object.entries(query));
    this.#bench.free();
    this.refresh();
  }

  async #load(): Promise<AlarmsAnswer> {
    const answer = await ask(() => api.GET("/api/v1/alarms", { params: { query: questionOf(this.#query) } }));
    const [only, ...others] = answer.alarms;
    // Who asks for the alarm of a moment wants to see it, and "back" is not to lead here again.
    if (this.#query.has("at") && only !== undefined && others.length === 0) {
      history.replaceState(null, "", `/alarms/${only.id}`);
      dispatchEvent(new PopStateEvent("popstate"));
    }
    return answer;
  }

  /** The list stays what it is, and with it the focus and what is selected; the desk only says that there is nothing. */
  #show({ alarms, next }: AlarmsAnswer): readonly HTMLElement[] {
    this.#next = String(next ?? "");
    this.#older.hidden = next === null;
    this.#bench.show(inOrder(this.#query, alarms));
    return alarms.length === 0 ? [nothing("There are none.")] : [];
  }
}
