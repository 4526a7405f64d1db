/** So far to the right, and it is meant. */
const enoughPixels = 96;
/** Before this nobody knows whether it is a swipe or the page that is scrolled. */
const leastPixels = 12;

interface SwipeDeps {
  readonly canSwipe: () => boolean;
  readonly onSwipe: () => void;
}

/** How a row follows a finger: not at all, a little, or so far that letting go does it. */
export type Pull = "none" | "begun" | "enough";

export function pullOf(acrossPixels: number, downPixels: number): Pull {
  if (acrossPixels < leastPixels || acrossPixels < 2 * Math.abs(downPixels)) return "none";
  return acrossPixels < enoughPixels ? "begun" : "enough";
}

/**
 * Lets a finger push a row to the right to do something about it. `data-pull` of the row says how far it is, for the style; it moves
 * along unless whoever looks wants less motion. Fingers only: with a mouse one selects text.
 */
export function startSwipe(row: HTMLElement, { canSwipe, onSwipe }: SwipeDeps): void {
  let begun: { readonly x: number; readonly y: number } | undefined;
  let pull: Pull = "none";
  const show = (next: Pull, acrossPixels: number): void => {
    pull = next;
    row.dataset["pull"] = next;
    const isStill = next === "none" || matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.style.translate = isStill ? "" : `${Math.min(acrossPixels, enoughPixels * 1.5)}px`;
  };
  row.addEventListener("pointerdown", ({ pointerType, isPrimary, clientX, clientY }) => {
    if (pointerType === "touch" && isPrimary && canSwipe()) begun = { x: clientX, y: clientY };
  });
  row.addEventListener("pointermove", (event) => {
    if (begun === undefined || !event.isPrimary) return;
    const [across, down] = [event.clientX - begun.x, event.clientY - begun.y];
    // Once the row moves, a finger that strays does not let go of it.
    const next = pull === "none" ? pullOf(across, down) : pullOf(across, 0);
    if (next !== "none") row.setPointerCapture(event.pointerId);
    show(next, across);
  });
  const release = (isMeant: boolean): void => {
    begun = undefined;
    const wasEnough = pull === "enough";
    show("none", 0);
    if (isMeant && wasEnough) onSwipe();
  };
  row.addEventListener("pointerup", ({ isPrimary }) => isPrimary && release(true));
  row.addEventListener("pointercancel", () => release(false));
}
