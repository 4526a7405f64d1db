import { element } from "../shell/element.ts";

/** The frame of the overview: alarms and anomalies on the left, the board on the right. */
export function overviewLayout(): HTMLElement {
  return element("div", { class: "columns" }, [
    element("section", { class: "feed", "aria-labelledby": "feed-title" }, [renderInbox(), ...renderFeed()]),
    renderBoard(),
  ]);
}

function renderInbox(): HTMLElement {
  return element("section", { id: "inbox", class: "inbox", "aria-labelledby": "inbox-title", hidden: "" }, [
    element("h2", { id: "inbox-title" }, [
      "Alarms ",
      element("span", { id: "inbox-count", class: "inbox-count" }),
    ]),
    element("p", { id: "inbox-result", class: "inbox-result", role: "status" }),
    element("ol", { id: "inbox-list", class: "feed-list" }),
    element("p", { id: "inbox-more", class: "inbox-more", hidden: "" }, [
      element("a", { href: "/alarms?state=unseen", class: "row-link" }),
    ]),
  ]);
}

function renderFeed(): readonly HTMLElement[] {
  const place = "What departs from the ordinary appears here, the newest on top.";
  const log = { role: "log", "aria-live": "off", "aria-labelledby": "feed-title", class: "feed-scroll" };
  return [
    element("h2", { id: "feed-title" }, ["Anomalies"]),
    element("div", log, [
      element("p", { class: "feed-asking" }, [`Asking what there was so far. ${place}`]),
      element("p", { id: "feed-nothing", class: "feed-nothing" }, [`None so far. ${place}`]),
      element("ol", { id: "feed-list", class: "feed-list" }),
    ]),
  ];
}

function renderBoard(): HTMLElement {
  return element("section", { id: "board", class: "board", "aria-label": "Devices" }, [
    element("h1", { class: "unseen" }, ["Overview"]),
    element("p", { id: "loading", class: "loading" }, ["Asking the server for devices …"]),
    element("section", { id: "failure", class: "failure", role: "alert", hidden: "" }, [
      element("h2", {}, ["The server gives no data"]),
      element("p", { id: "failure-text" }),
      element("p", {}, ["The page keeps trying every few seconds and comes to life by itself."]),
      element("button", { type: "button", class: "plain-button", id: "failure-retry" }, ["Try now"]),
    ]),
    element("div", { id: "empty" }),
    element("p", { id: "view-empty", class: "view-empty", role: "status", hidden: "" }),
    element("div", { id: "cards", class: "cards", hidden: "" }),
  ]);
}
