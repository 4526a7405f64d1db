import type { ModelTypeSummary } from "../../../schema/model.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { nothing } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import { Result } from "../parts/result.ts";
import { element } from "../shell/element.ts";
import type { OpenPage, Page, Place } from "../shell/page.ts";
import { fetchType, fetchTypes, type TypeSeen } from "./models-api.ts";
import { renderType } from "./type-view.ts";

const refreshMs = 10_000;

export const open: OpenPage = (place) => new ModelsPage(place);

interface Shown {
  readonly types: readonly ModelTypeSummary[];
  readonly seen: TypeSeen | null;
}

/** The sensor types, and of the one that is chosen what judges it, what could, and who decided. */
class ModelsPage implements Page {
  readonly title = "Models";
  readonly element: HTMLElement;
  readonly #result = new Result();
  readonly #desk: Desk<Shown>;
  #chosen: string | null;

  constructor({ query }: Place) {
    this.#chosen = query.get("type");
    this.#desk = new Desk({
      load: () => this.#load(),
      show: (answer) => this.#show(answer),
      everyMs: refreshMs,
    });
    this.element = element("div", { class: "desk-page" }, [
      element("h2", {}, ["Models"]),
      element("p", { class: "desk-note" }, [
        "What judges the readings of each sensor type. A candidate is asked as well, and only counted, until somebody promotes it.",
      ]),
      this.#result.element,
      this.#desk.element,
    ]);
  }

  follow({ query }: Place): void {
    this.#chosen = query.get("type");
    this.#result.say("");
    this.refresh();
  }

  refresh(): void {
    void this.#desk.refresh();
  }

  stop(): void {
    this.#desk.stop();
  }

  async #load(): Promise<Shown> {
    const types = await fetchTypes();
    const chosen = types.find(({ sensorType }) => sensorType === this.#chosen) ?? types[0];
    return { types, seen: chosen === undefined ? null : await fetchType(chosen.sensorType) };
  }

  async #run(work: () => Promise<string>): Promise<boolean> {
    const isDone = await this.#result.run(work);
    await this.#desk.refresh();
    return isDone;
  }

  #show({ types, seen }: Shown): readonly HTMLElement[] {
    if (seen === null) return [nothing("No sensor type is known yet. The first readings bring one.")];
    return [
      element("div", { class: "models-columns" }, [
        renderList(types, seen.type.sensorType),
        element(
          "div",
          { "data-model-type": seen.type.sensorType },
          renderType(seen, (work) => this.#run(work)),
        ),
      ]),
    ];
  }
}

function renderList(types: readonly ModelTypeSummary[], chosen: string): HTMLElement {
  const links = types.map(({ sensorType, judging, candidate, isPinned }) => {
    const notes = [judging, ...(candidate === null ? [] : ["candidate"]), ...(isPinned ? ["pinned"] : [])];
    const current = sensorType === chosen ? { "aria-current": "page" } : {};
    return element("a", { href: `/models?${new URLSearchParams({ type: sensorType })}`, ...current }, [
      element("strong", {}, [sensorLabel(sensorType)]),
      " ",
      element("small", {}, [notes.join(", ")]),
    ]);
  });
  return element("nav", { class: "models-list", "aria-label": "Sensor types" }, links);
}
