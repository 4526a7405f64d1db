import { isTyping } from "../shell/keys.ts";

/** Lets j and k go through the alarms and anomalies, and a acknowledge; ends with the function that it gives. */
export function startFeedKeys(feed: HTMLElement, acknowledge: () => boolean): () => void {
  const move = (by: number): void => {
    const items = [...feed.querySelectorAll<HTMLElement>(".feed-item")];
    const at = items.findIndex((item) => item.closest("li")?.contains(document.activeElement) === true);
    items[Math.min(Math.max(at + by, 0), items.length - 1)]?.focus();
  };
  const takeKey = (event: KeyboardEvent): void => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key !== "a" || !acknowledge()) return;
    event.preventDefault();
  };
  document.addEventListener("keydown", takeKey);
  return () => document.removeEventListener("keydown", takeKey);
}
