import type { BrowserContext, Page } from "playwright-core";

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** The way of a finger over the screen. */
interface Way {
  readonly from: Spot;
  readonly to: Spot;
}

const steps = 8;

/** Gives a page a touch screen, and the fingers to touch it with. */
export async function startFingers(
  browser: BrowserContext,
  page: Page,
): Promise<{ readonly drag: (ways: readonly Way[]) => Promise<void> }> {
  const session = await browser.newCDPSession(page);
  await session.send("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 2 });
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: readonly Spot[]) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: touchPoints.map((spot, id) => ({ ...spot, id })),
    });
  return {
    async drag(ways) {
      await touch(
        "touchStart",
        ways.map(({ from }) => from),
      );
      for (let step = 1; step <= steps; step += 1) {
        const along = (from: number, to: number): number => from + ((to - from) * step) / steps;
        await touch(
          "touchMove",
          ways.map(({ from, to }) => ({ x: along(from.x, to.x), y: along(from.y, to.y) })),
        );
      }
      await touch("touchEnd", []);
    },
  };
}
