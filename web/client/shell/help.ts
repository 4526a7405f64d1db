import { element } from "./element.ts";
import type { Route } from "./router.ts";
import { switchInput } from "./switches.ts";

const everywhere: readonly (readonly [string, string])[] = [
  ["/", "search"],
  ["Ctrl K", "go to a page or a device, or do what the page can"],
  ["?", "this list"],
  ["Esc", "close, or take the cursor off a chart"],
];
const lists: readonly (readonly [string, string])[] = [
  ["j k", "next and previous row"],
  ["Enter", "open it; on the overview, show it in its chart if there is one"],
  ["x", "select the alarm of the row, in the list of alarms"],
  ["a", "acknowledge the selected alarms, that of the row, or that of the page"],
  ["r", "replay the rejected message of the row"],
  ["Delete", "discard it for good; asks to be pressed again"],
];
const charts: readonly (readonly [string, string])[] = [
  ["Space", "pause and go on"],
  ["← →", "next and previous reading"],
  ["[ ]", "previous and next anomaly"],
  ["Home End", "oldest and newest reading"],
  ["t", "the same as a table"],
  ["s", "which sensors of the device are shown"],
  ["drag", "zoom; with Shift, move"],
  ["Ctrl wheel", "zoom"],
  ["Ctrl Z", "back from a zoom, as a double click"],
];

/** Everything that the keyboard can do. */
export function openHelp(routes: readonly Route[]): void {
  const goTo = routes.flatMap(({ key, label }) =>
    key === undefined ? [] : [[`g ${key}`, label ?? ""] as const],
  );
  const close = element("button", { type: "button", class: "plain-button" }, ["Close"]);
  const dialog = element("dialog", { class: "help", "aria-labelledby": "help-title" }, [
    element("div", { class: "sheet-line" }, [element("h2", { id: "help-title" }, ["Keys"]), close]),
    element("p", { class: "letters" }, [
      element("label", { class: "field is-tick" }, [
        switchInput("letters"),
        element("span", {}, ["Keys that are pressed alone: letters, signs and Space"]),
      ]),
      element("strong", { class: "letters-off" }, ["Switched off in this browser."]),
    ]),
    element("p", { class: "letters-about" }, [
      "With them off, these work: keys with Ctrl, ⌘ or Alt, Esc, Enter, Tab, and the arrows, Home, End and brackets ",
      "in a chart that has the focus. The button ? at the top of every page opens this list.",
    ]),
    element("div", { class: "key-lists" }, [
      keyList("Everywhere", everywhere),
      keyList("Pages", goTo),
      keyList("Lists", lists),
      keyList("Charts", charts),
    ]),
  ]);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function keyList(title: string, keys: readonly (readonly [string, string])[]): HTMLElement {
  const pairs = keys.flatMap(([key, what]) => [
    element("dt", {}, [element("kbd", {}, [key])]),
    element("dd", {}, [what]),
  ]);
  return element("section", {}, [element("h3", {}, [title]), element("dl", { class: "keys" }, pairs)]);
}
