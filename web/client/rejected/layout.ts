import { element } from "../shell/element.ts";

const about = "What could not be read or stored. A replay reads it again by the limits and the clock of now.";

/** The frame of the rejected messages: what can be done about many at once, the list, and the keys. */
export function rejectedLayout(): HTMLElement {
  return element("section", { id: "rejected", class: "desk-section", "aria-labelledby": "rejected-title" }, [
    element("h3", { id: "rejected-title", tabindex: "-1" }, ["Rejected messages"]),
    element("p", { class: "desk-note" }, [about]),
    renderTools(),
    element("p", { id: "rejected-result", class: "desk-result", role: "status" }),
    element("p", { id: "rejected-nothing", class: "rejected-nothing", hidden: "" }),
    element("ol", { id: "rejected-list" }),
    plainButton("rejected-more", "Show older", { class: "plain-button rejected-more", hidden: "" }),
    renderKeys(),
  ]);
}

function renderTools(): HTMLElement {
  const all = element("input", { type: "checkbox", id: "rejected-all" });
  const unseen = (text: string) => element("span", { class: "unseen" }, [text]);
  const described = { "aria-describedby": "rejected-question" };
  return element("div", { class: "sheet-line rejected-tools" }, [
    element("label", { class: "row-tick needs-operator" }, [all, unseen("Select all that are shown")]),
    element("label", { class: "rejected-filter" }, [
      unseen("Code"),
      element("select", { id: "rejected-code" }),
    ]),
    element("span", { id: "rejected-actions", class: "sheet-actions needs-operator" }, [
      plainButton("rejected-replay", "Replay"),
      plainButton("rejected-discard", "Discard"),
    ]),
    element("span", { id: "rejected-confirm", class: "sheet-actions", hidden: "" }, [
      element("span", { id: "rejected-question" }),
      plainButton("rejected-yes", "Yes", { class: "plain-button is-grave", ...described }),
      plainButton("rejected-no", "No", described),
    ]),
  ]);
}

function renderKeys(): HTMLElement {
  const key = (name: string) => element("kbd", {}, [name]);
  return element("p", { class: "sheet-keys" }, [
    ...[key("↑"), " ", key("↓"), " move"],
    element("span", { class: "needs-operator" }, [
      ...[" · ", key("Space"), " select · ", key("R"), " replay · ", key("Delete"), " discard"],
    ]),
  ]);
}

function plainButton(id: string, text: string, others: Readonly<Record<string, string>> = {}): HTMLElement {
  return element("button", { type: "button", class: "plain-button", id, ...others }, [text]);
}
