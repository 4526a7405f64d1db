import { isSwitchedOn } from "./switches.ts";

/** What is ticked takes no text; the keys that it obeys, the space bar and the arrows, are its own all the same. */
const writable = "input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]";

type KeyPress = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">;

/** Whether a key may mean something to the page: it goes into no text and no dialog that lies over it, and is not switched off. */
export function isForPage(event: KeyboardEvent): boolean {
  const { target, defaultPrevented } = event;
  if (defaultPrevented || document.querySelector("dialog[open]") !== null) return false;
  if (isSingle(event) && !isSwitchedOn("letters")) return false;
  return !(target instanceof Element && target.closest(writable) !== null);
}

/** Whether a key alone types a character: somebody who dictates presses these without meaning to (WCAG 2.1.4). */
export function isSingle({ key, altKey, ctrlKey, metaKey }: KeyPress): boolean {
  return [...key].length === 1 && !altKey && !ctrlKey && !metaKey;
}
