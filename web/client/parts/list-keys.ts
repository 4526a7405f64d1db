import { isForPage } from "../shell/keys.ts";

/**
 * Lets j and k go through the rows of a list, where `focusable` is what of each takes the focus, and hands on what else is pressed, which
 * answers whether it means something there. Ends with the function that it gives.
 */
export function startListKeys(
  list: HTMLElement,
  focusable: string,
  obey: (key: string) => boolean,
): () => void {
  const move = (by: number): void => {
    const items = [...list.querySelectorAll<HTMLElement>(focusable)];
    const at = items.findIndex((item) => item.closest("li")?.contains(document.activeElement) === true);
    items[Math.min(Math.max(at + by, 0), items.length - 1)]?.focus();
  };
  const takeKey = (event: KeyboardEvent): void => {
    if (!isForPage(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (!obey(event.key)) return;
    event.preventDefault();
  };
  document.addEventListener("keydown", takeKey);
  return () => document.removeEventListener("keydown", takeKey);
}
