import { element } from "../shell/element.ts";

export interface ButtonOptions {
  /** What screen readers say when the text alone does not say what it is about. */
  readonly label?: string;
  /** Only for those who may at least do what this role may; others are not shown it. */
  readonly needs?: "operator" | "admin";
  readonly isGrave?: boolean;
}

export function button(text: string, onClick: () => void, options: ButtonOptions = {}): HTMLButtonElement {
  const { label, needs, isGrave = false } = options;
  const names = [
    "plain-button",
    ...(needs === undefined ? [] : [`needs-${needs}`]),
    ...(isGrave ? ["is-grave"] : []),
  ];
  const made = element("button", { type: "button", class: names.join(" ") }, [text]);
  if (label !== undefined) made.setAttribute("aria-label", label);
  made.addEventListener("click", onClick);
  return made;
}

/** An input with its name above it. */
export function field<Kind extends HTMLElement>(name: string, input: Kind): HTMLLabelElement {
  // The text of a label around a list has all that can be chosen in it.
  input.setAttribute("aria-label", name);
  return element("label", { class: "field" }, [element("span", {}, [name]), input]);
}

/** A tick with its name beside it. */
export function tick(name: string, input: HTMLInputElement): HTMLLabelElement {
  input.type = "checkbox";
  return element("label", { class: "field is-tick" }, [input, element("span", {}, [name])]);
}

export function textInput(attributes: Readonly<Record<string, string>> = {}): HTMLInputElement {
  return element("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
}

export function choice(
  options: readonly (string | readonly [value: string, text: string])[],
  attributes: Readonly<Record<string, string>> = {},
): HTMLSelectElement {
  const pairs = options.map((option) => (typeof option === "string" ? ([option, option] as const) : option));
  return element(
    "select",
    attributes,
    pairs.map(([value, text]) => element("option", { value }, [text])),
  );
}

/** A form that does its work when it is sent, and never leaves the page. */
export function form(children: readonly (Node | string)[], onSubmit: () => void): HTMLFormElement {
  const made = element("form", { class: "desk-form" }, children);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    onSubmit();
  });
  return made;
}

/** The button that sends a form. */
export function submit(text: string): HTMLButtonElement {
  return element("button", { type: "submit", class: "plain-button" }, [text]);
}

/** A section of a page under its heading. */
export function section(
  title: string,
  children: readonly (Node | string)[],
  attributes: Readonly<Record<string, string>> = {},
): HTMLElement {
  const heading = element("h3", {}, [title]);
  return element("section", { class: "desk-section", "aria-label": title, ...attributes }, [
    heading,
    ...children,
  ]);
}

export interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
}

/** A table that scrolls sideways by itself where it is too wide, by keyboard as well. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement {
  const aligned = (at: number) => (columns[at]?.isNumber === true ? { class: "is-number" } : {});
  const head = columns.map(({ name }, at) => element("th", { scope: "col", ...aligned(at) }, [name]));
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      cells.map((cell, at) =>
        at === 0
          ? element("th", { scope: "row", ...aligned(at) }, [cell])
          : element("td", aligned(at), [cell]),
      ),
    ),
  );
  return element("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": caption }, [
    element("table", {}, [
      element("caption", { class: "unseen" }, [caption]),
      element("thead", {}, [element("tr", {}, head)]),
      element("tbody", {}, body),
    ]),
  ]);
}

/** What stands where a list is empty. */
export function nothing(text: string): HTMLElement {
  return element("p", { class: "desk-nothing" }, [text]);
}
