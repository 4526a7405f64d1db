import type { SavedView } from "../../../schema/saved-view.ts";
import { button, field, form, nothing, submit, textInput, tick } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import { withoutKind } from "../parts/names.ts";
import { Result } from "../parts/result.ts";
import { element } from "../shell/element.ts";
import { may } from "../shell/signing.ts";
import type { DeviceFilter } from "./device-filter.ts";
import { addressOf, fetchViews, refillView, removeView, renameView, saveView } from "./views-api.ts";

/** Filters that were given a name: to show one, to keep the one that is shown, to rename and to remove. */
export class SavedViews {
  readonly element = element("details", { class: "saved-views" });
  readonly #filter: () => DeviceFilter;
  readonly #result = new Result();
  #desk: Desk<readonly SavedView[]> | undefined;

  constructor(filter: () => DeviceFilter) {
    this.#filter = filter;
    this.element.append(element("summary", {}, ["Views"]));
    // Asked for when somebody looks.
    this.element.addEventListener("toggle", () => this.element.open && this.#open());
  }

  stop(): void {
    this.#desk?.stop();
  }

  #open(): void {
    if (this.#desk !== undefined) return void this.#desk.refresh();
    this.#desk = new Desk({ load: fetchViews, show: (views) => [this.#render(views)] });
    this.element.append(this.#desk.element, this.#renderForm(), this.#result.element);
  }

  #render(views: readonly SavedView[]): HTMLElement {
    if (views.length === 0) return nothing("None is kept yet.");
    return element(
      "ul",
      { class: "desk-list" },
      views.map((view) => this.#renderView(view)),
    );
  }

  #renderView(view: SavedView): HTMLElement {
    const { id, name, isShared, isOwn, owner } = view;
    const about = isShared ? (isOwn ? "for everybody" : `by ${withoutKind(owner)}`) : "";
    const rename = (): void => {
      const wished = prompt("Name of this view", name)?.trim() ?? "";
      if (wished !== "" && wished !== name)
        this.#do(() => renameView(id, wished), `“${name}” is “${wished}” now.`);
    };
    const refill = () => this.#do(() => refillView(id, this.#filter()), `“${name}” is what is shown now.`);
    const remove = (): void => {
      if (confirm(`Remove the view “${name}”?`)) this.#do(() => removeView(id), `“${name}” is removed.`);
    };
    const work = [
      button("Rename", rename, { label: `Rename ${name}` }),
      button("Update", refill, { label: `Update ${name}` }),
      button("Remove", remove, { label: `Remove ${name}` }),
    ];
    const link = element("a", { href: addressOf(view) }, [name]);
    // Out of the way of the list that it shows.
    link.addEventListener("click", () => this.element.removeAttribute("open"));
    return element("li", { "data-view": name }, [
      element("span", { class: "desk-what" }, [link, " ", element("small", {}, [about])]),
      ...(isOwn || may("admin") ? work : []),
    ]);
  }

  #renderForm(): HTMLElement {
    const name = textInput({ required: "", name: "view", maxlength: "60" });
    const isShared = element("input");
    const shared = tick("for everybody", isShared);
    shared.classList.add("needs-operator");
    const keep = form([field("Name", name), shared, submit("Keep this filter")], () => {
      const wished = name.value.trim();
      this.#do(async () => {
        await saveView(wished, this.#filter(), isShared.checked);
        keep.reset();
      }, `“${wished}” is kept.`);
    });
    return keep;
  }

  #do(work: () => Promise<void>, said: string): void {
    void this.#result
      .run(async () => {
        await work();
        return said;
      })
      .then(() => this.#desk?.refresh());
  }
}
