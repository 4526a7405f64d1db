import { element } from "./element.ts";

/** What stands where there is no page. */
export function renderMissing(path: string): HTMLElement {
  return element("section", { class: "failure", role: "alert" }, [
    element("h2", {}, ["There is no such page"]),
    element("p", {}, [`Nothing in the console is at ${path}.`]),
    element("p", {}, [element("a", { href: "/" }, ["To the overview"])]),
  ]);
}

/** What stands where a page could not be loaded. */
export function renderUnloadable(): HTMLElement {
  const again = element("button", { type: "button", class: "plain-button" }, ["Load again"]);
  again.addEventListener("click", () => location.reload());
  return element("section", { class: "failure", role: "alert" }, [
    element("h2", {}, ["This page could not be loaded"]),
    element("p", {}, ["The server is away, or it has been updated since the console was opened."]),
    again,
  ]);
}
