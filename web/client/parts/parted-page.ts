import { element } from "../shell/element.ts";
import type { OpenPage, Page, Place, Shell } from "../shell/page.ts";
import { partLinks } from "./tabs.ts";

/** One part of a page, from its opening until another one is opened. */
export interface Part {
  readonly element: HTMLElement;
  refresh?(): void;
  stop?(): void;
}

export interface PartChoice {
  readonly id: string;
  readonly name: string;
  readonly open: (shell: Shell) => Part;
}

/** A page of parts, of which one is shown: `?part=id` names it, the first one if nothing does. */
export function partedPage(
  title: string,
  path: string,
  choices: readonly [PartChoice, ...PartChoice[]],
): OpenPage {
  return (place: Place, shell: Shell): Page => {
    const links = partLinks(title, path, choices);
    const host = element("div");
    let part: Part | undefined;
    const show = (query: URLSearchParams): void => {
      part?.stop?.();
      const chosen = choices.find(({ id }) => id === query.get("part")) ?? choices[0];
      links.mark(chosen.id);
      part = chosen.open(shell);
      host.replaceChildren(part.element);
    };
    show(place.query);
    return {
      element: element("div", { class: "desk-page" }, [element("h2", {}, [title]), links.element, host]),
      title,
      follow: ({ query }) => show(query),
      refresh: () => part?.refresh?.(),
      stop: () => part?.stop?.(),
    };
  };
}
