/** What is ticked takes no text; the keys that it obeys, the space bar and the arrows, are its own all the same. */
const writable = "input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]";

/** Whether a key goes into a text, or to a dialog that lies over the page. */
export function isTyping({ target, defaultPrevented }: KeyboardEvent): boolean {
  if (defaultPrevented || document.querySelector("dialog[open]") !== null) return true;
  return target instanceof Element && target.closest(writable) !== null;
}
