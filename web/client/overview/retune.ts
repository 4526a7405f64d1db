import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { PreviewSummary } from "../../../schema/tuning.ts";
import { element, setText } from "../shell/element.ts";
import { applyTuning, askPreview, fetchPreview, rollBackTuning } from "../shell/server-api.ts";

const lookEveryMs = 700;
const patienceMs = 90_000;

/** After a false alarm: what a quieter line would have changed, and the choice to have it. */
export class Retune {
  readonly element = element("div", { class: "retune", hidden: "" });
  readonly #text = element("p", { role: "status" });
  readonly #buttons = element("div", { class: "retune-buttons" });

  constructor() {
    this.element.append(this.#text, this.#buttons);
  }

  async offer({ deviceId, sensorType }: AlarmSummary): Promise<void> {
    this.#say("Looking at what would have avoided it…");
    await this.#trying(async () => {
      const { preview } = await askPreview({ deviceId, sensorType });
      const answered = await untilAnswered(preview);
      if (answered?.outcome) this.#propose(answered);
      else
        this.#say(`No preview. ${answered?.failure ?? "No processor has answered yet"}.`, {
          Close: this.#close,
        });
    });
  }

  /** Nothing more to say. */
  readonly #close = (): void => {
    this.element.hidden = true;
  };

  #propose({ id, outcome }: PreviewSummary): void {
    if (outcome === null) return;
    if (outcome.removed === 0) {
      this.#say(outcome.sentence, { Close: this.#close });
      return;
    }
    this.#say(`A quieter line for this sensor ${lowered(outcome.sentence)}`, {
      Apply: () => this.#apply(id),
      "Leave it": this.#close,
    });
  }

  #apply(previewId: number): Promise<void> {
    return this.#trying(async () => {
      const { tuning } = await applyTuning(previewId);
      this.#say("Applied. This sensor is quieter now.", {
        Undo: () =>
          this.#trying(async () => {
            await rollBackTuning(tuning.id);
            this.#say("Undone.", { Close: this.#close });
          }),
        Close: this.#close,
      });
    });
  }

  async #trying(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      this.#say(cause instanceof Error ? cause.message : String(cause), { Close: this.#close });
    }
  }

  #say(text: string, choices: Readonly<Record<string, () => unknown>> = {}): void {
    setText(this.#text, text);
    const buttons = Object.entries(choices).map(([label, choose]) => {
      const button = element("button", { type: "button", class: "plain-button needs-operator" }, [label]);
      button.addEventListener("click", () => {
        for (const other of buttons) other.disabled = true;
        void choose();
      });
      return button;
    });
    this.#buttons.replaceChildren(...buttons);
    this.element.hidden = false;
    this.element.scrollIntoView({ block: "nearest" });
  }
}

/** Undefined when nobody answered in time. */
async function untilAnswered(asked: PreviewSummary): Promise<PreviewSummary | undefined> {
  const giveUpMs = Date.now() + patienceMs;
  for (let preview = asked; Date.now() < giveUpMs; { preview } = await fetchPreview(asked.id)) {
    if (preview.state !== "waiting") return preview;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return undefined;
}

function lowered(sentence: string): string {
  return `${sentence[0]?.toLowerCase() ?? ""}${sentence.slice(1)}`;
}
