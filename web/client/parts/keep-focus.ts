/** What tells an element from its neighbours, also after it was made anew. */
function nameOf(target: Element): string {
  return `${target.tagName} ${target.getAttribute("aria-label") ?? target.textContent ?? ""}`;
}

/**
 * Puts what `make` gives into the host in the place of what was there; the focus goes to the one that is called like the one that had it.
 * What is kept and put into something new loses the focus already while that is made, so it is made only here.
 */
export function replaceKeepingFocus(host: HTMLElement, make: () => readonly (Node | string)[]): void {
  const active = document.activeElement;
  const name = active !== null && host.contains(active) ? nameOf(active) : undefined;
  host.replaceChildren(...make());
  if (name === undefined || !(active instanceof HTMLElement)) return;
  if (host.contains(active)) {
    active.focus({ preventScroll: true });
    return;
  }
  const focusable = host.querySelectorAll<HTMLElement>("button, a, select, input, summary, [tabindex]");
  [...focusable].find((candidate) => nameOf(candidate) === name)?.focus({ preventScroll: true });
}
