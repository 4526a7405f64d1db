import { element } from "../shell/element.ts";

/** Links to the parts of a page; each part has an address of its own. */
export function partLinks(
  label: string,
  path: string,
  parts: readonly { readonly id: string; readonly name: string }[],
): { readonly element: HTMLElement; readonly mark: (id: string) => void } {
  const links = new Map(
    parts.map(({ id, name }) => [id, element("a", { href: `${path}?part=${id}` }, [name])] as const),
  );
  return {
    element: element("nav", { class: "part-links", "aria-label": label }, [...links.values()]),
    mark: (id) => {
      for (const [own, link] of links) {
        if (own === id) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}
