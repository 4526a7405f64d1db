import { section, tick } from "../parts/controls.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import { switchInput } from "../shell/switches.ts";

/** What somebody chooses for the browser in front of them; the server knows nothing of it. */
export function openBrowser(): Part {
  return {
    element: section("This browser", [
      note("Kept in this browser only; all its open pages follow at once."),
      tick("Sound when an alarm is raised", switchInput("sound")),
      note(
        "A short, quiet tone, two for a critical alarm, at most every five seconds, while a page of the console is open. " +
          "After a reload most browsers are silent until something on the page was pressed.",
      ),
      tick("Keys that are pressed alone: letters, signs and Space", switchInput("letters")),
      note("The button ? at the top of every page lists all keys, and those that work without these."),
    ]),
  };
}

function note(text: string): HTMLElement {
  return element("p", { class: "desk-note" }, [text]);
}
