import { describe, expect, test } from "vitest";
import { heldMoments, pinched } from "./pinch.ts";

/** A second a pixel. */
const plot = { pixels: [100, 500], moments: [0, 400_000] } as const;
const held = heldMoments(plot, [200, 300]);
const shownWith = (...fingers: readonly [number, number]) => pinched(held, fingers, plot);

describe("two fingers on a chart", () => {
  test("that lie still change nothing", () => {
    expect(held).toEqual([100_000, 200_000]);
    expect(shownWith(200, 300)).toEqual(plot.moments);
  });

  test("that part zoom in, and what was under them stays there", () => {
    expect(shownWith(150, 350)).toEqual([75_000, 275_000]);
  });

  test("that come together zoom out", () => {
    expect(shownWith(225, 275)).toEqual([-150_000, 650_000]);
  });

  test("that move side by side move the time, also out of the plot", () => {
    expect(shownWith(250, 350)).toEqual([-50_000, 350_000]);
    expect(shownWith(50, 150)).toEqual([150_000, 550_000]);
  });

  test("that pass or touch each other neither turn the time round nor stretch it for ever", () => {
    expect(shownWith(300, 200)).toEqual(shownWith(200, 300));
    const [fromMs, toMs] = shownWith(250, 250);
    expect(toMs - fromMs).toBeGreaterThan(400_000);
    expect(toMs - fromMs).toBeLessThan(10 * 400_000);
  });
});
