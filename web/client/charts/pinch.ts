/** From left to right: moments in milliseconds since the epoch, or pixels of the plot. */
type Pair = readonly [left: number, right: number];

/** Fingers that are closer than this would stretch the time without end. */
const leastPixels = 24;

/** The part of a plot that has a time axis, and the time that it shows. */
export interface TimePlot {
  readonly pixels: Pair;
  readonly moments: Pair;
}

/** The moments under two fingers. */
export function heldMoments({ pixels, moments }: TimePlot, fingers: Pair): Pair {
  const msOfPixel = (moments[1] - moments[0]) / (pixels[1] - pixels[0]);
  const [left, right] = inOrder(fingers);
  return [moments[0] + (left - pixels[0]) * msOfPixel, moments[0] + (right - pixels[0]) * msOfPixel];
}

/**
 * The time that a plot shows while held moments stay under the fingers: further apart zooms in, closer together zooms out, side by side
 * moves.
 */
export function pinched(held: Pair, fingers: Pair, { pixels }: Pick<TimePlot, "pixels">): Pair {
  const [left, right] = inOrder(fingers);
  const msOfPixel = (held[1] - held[0]) / (right - left);
  return [held[0] - (left - pixels[0]) * msOfPixel, held[1] + (pixels[1] - right) * msOfPixel];
}

function inOrder([a, b]: Pair): Pair {
  const [left, right] = a < b ? [a, b] : [b, a];
  const missing = Math.max(0, leastPixels - (right - left)) / 2;
  return [left - missing, right + missing];
}
