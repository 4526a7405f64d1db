import { heldMoments, pinched } from "./pinch.ts";
import type { PlotPointerDeps } from "./plot-pointer.ts";

type Pair = readonly [left: number, right: number];
type TouchDeps = Pick<PlotPointerDeps, "momentAt" | "axis" | "onPoint" | "onPinch" | "onZoom">;

/** Two fingers on a chart zoom it and move it, as on a map; one finger scrolls the page as it does everywhere. */
export function startPlotTouch(plot: HTMLElement, deps: TouchDeps): { readonly isPinching: () => boolean } {
  let held: Pair | undefined;
  let pulled: Pair | undefined;
  const fingersOf = ({ targetTouches }: TouchEvent): Pair | undefined => {
    const [one, other] = targetTouches;
    if (one === undefined || other === undefined || targetTouches.length > 2) return undefined;
    const { left } = plot.getBoundingClientRect();
    return [one.clientX - left, other.clientX - left];
  };
  const begin = (event: TouchEvent): void => {
    const fingers = fingersOf(event);
    if (fingers === undefined) return;
    event.preventDefault();
    deps.onPoint(undefined);
    const pixels = deps.axis();
    held = heldMoments({ pixels, moments: [deps.momentAt(pixels[0]), deps.momentAt(pixels[1])] }, fingers);
  };
  const pull = (event: TouchEvent): void => {
    const fingers = fingersOf(event);
    if (held === undefined || fingers === undefined) return;
    event.preventDefault();
    pulled = pinched(held, fingers, { pixels: deps.axis() });
    deps.onPinch(...pulled);
  };
  const release = (): void => {
    const span = pulled;
    held = undefined;
    pulled = undefined;
    if (span !== undefined) deps.onZoom(...span);
  };
  // Not passive: the browser would scroll or zoom the page, and take the fingers away.
  plot.addEventListener("touchstart", begin, { passive: false });
  plot.addEventListener("touchmove", pull, { passive: false });
  plot.addEventListener("touchend", release);
  plot.addEventListener("touchcancel", release);
  return { isPinching: () => held !== undefined };
}
