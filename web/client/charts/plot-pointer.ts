import { startPlotTouch } from "./plot-touch.ts";

export interface PlotPointerDeps {
  /** The moment at so many pixels from the left of the plot. */
  readonly momentAt: (pixels: number) => number;
  /** Where the time axis begins and ends, in pixels from the left of the plot. */
  readonly axis: () => readonly [left: number, right: number];
  readonly onPoint: (atMs: number | undefined) => void;
  /** While something is being marked, and undefined when that is over. */
  readonly onMark: (span: readonly [number, number] | undefined) => void;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  /** By how much the range is to move, in milliseconds. */
  readonly onPan: (byMs: number) => void;
  readonly onBack: () => void;
  /** The span that two fingers pull the chart to, while they do; then `onZoom` hears the last one. */
  readonly onPinch: (fromMs: number, toMs: number) => void;
}

/** A shorter way is a click. */
const leastPixels = 6;
const wheelFactor = 1.3;

/** What a pointer does to a chart: points, marks a range to zoom into, moves it with Shift, zooms with Ctrl and the wheel; two fingers zoom and move. */
export function startPlotPointer(plot: HTMLElement, deps: PlotPointerDeps): void {
  const pixelsOf = (event: MouseEvent): number => event.clientX - plot.getBoundingClientRect().left;
  const touch = startPlotTouch(plot, deps);
  let begun: { readonly pixels: number; readonly isPan: boolean } | undefined;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    begun = { pixels: pixelsOf(event), isPan: event.shiftKey };
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    if (touch.isPinching()) return;
    const pixels = pixelsOf(event);
    deps.onPoint(deps.momentAt(pixels));
    if (begun === undefined || begun.isPan || Math.abs(pixels - begun.pixels) < leastPixels) return;
    deps.onMark([deps.momentAt(begun.pixels), deps.momentAt(pixels)]);
  });
  plot.addEventListener("pointerup", (event) => {
    if (begun === undefined) return;
    const [from, to] = [deps.momentAt(begun.pixels), deps.momentAt(pixelsOf(event))];
    const isDrag = Math.abs(pixelsOf(event) - begun.pixels) >= leastPixels;
    const { isPan } = begun;
    begun = undefined;
    deps.onMark(undefined);
    if (!isDrag) return;
    if (isPan) deps.onPan(from - to);
    else deps.onZoom(Math.min(from, to), Math.max(from, to));
  });
  plot.addEventListener("pointercancel", () => {
    begun = undefined;
    deps.onMark(undefined);
  });
  plot.addEventListener("pointerleave", () => deps.onPoint(undefined));
  plot.addEventListener("dblclick", () => deps.onBack());
  plot.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const at = deps.momentAt(pixelsOf(event));
      const [from, to] = [deps.momentAt(0), deps.momentAt(plot.clientWidth)];
      const factor = event.deltaY < 0 ? 1 / wheelFactor : wheelFactor;
      deps.onZoom(at - (at - from) * factor, at + (to - at) * factor);
    },
    { passive: false },
  );
}
