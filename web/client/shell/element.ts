type Attributes = Readonly<Record<string, string>>;

/** A new element; attributes as in HTML, texts are never read as markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @throws when the page lacks the element, which only a mistake of ours can cause. */
export function find(selector: string, within: ParentNode = document): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`there is no ${selector}`);
  return found;
}

/** The same, of the kind the caller needs. @throws as above. */
export function findAs<Kind extends HTMLElement>(
  selector: string,
  kind: new () => Kind,
  within: ParentNode = document,
): Kind {
  const found = find(selector, within);
  if (!(found instanceof kind)) throw new Error(`${selector} is no ${kind.name}`);
  return found;
}

/** Writes only what changed: an untouched text node costs no layout and is not announced again. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target: HTMLElement, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** Puts these into the host in this order. Only what is out of place moves: what is taken out and put back would lose the focus. */
export function arrange(host: HTMLElement, inOrder: Iterable<{ readonly element: HTMLElement }>): void {
  let place = host.firstElementChild;
  for (const { element: placed } of inOrder) {
    if (placed === place) place = place.nextElementSibling;
    else host.insertBefore(placed, place);
  }
}
