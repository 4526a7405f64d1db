/** Whether a key goes into a text, or to a dialog that lies over the page. */
export function isTyping({ target, defaultPrevented }: KeyboardEvent): boolean {
  if (defaultPrevented || document.querySelector("dialog[open]") !== null) return true;
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}
