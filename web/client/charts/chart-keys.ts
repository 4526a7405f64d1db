import type { Point } from "./history.ts";
import { describeEnd, toStep, walk } from "./walk.ts";

interface ChartKeysDeps {
  readonly points: () => readonly Point[];
  /** Shows the cursor at a reading, or nowhere. */
  readonly onMove: (timestampUs: number | undefined) => void;
  readonly speak: (text: string) => void;
  readonly describe: (point: Point) => string;
}

/** Lets the keyboard walk along the readings of a focused chart: arrows, Home and End, brackets for anomalies, Escape takes the cursor away. */
export class ChartKeys {
  readonly #deps: ChartKeysDeps;
  #atUs: number | undefined;

  constructor(plot: HTMLElement, deps: ChartKeysDeps) {
    this.#deps = deps;
    plot.tabIndex = 0;
    plot.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight Home End [ ] Escape");
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#move(undefined);
      else this.#press(event);
    });
    plot.addEventListener("blur", () => this.#move(undefined));
    plot.addEventListener("pointerdown", () => this.#move(undefined));
  }

  /** Puts the cursor on a reading as if it had been walked to; stays where it is when the chart does not hold it. */
  goTo(timestampUs: number): void {
    const point = this.#deps.points().find((candidate) => candidate[0] === timestampUs);
    if (point !== undefined) this.#visit(point);
  }

  #press(event: KeyboardEvent): void {
    const step = toStep(event);
    if (step === undefined) return;
    event.preventDefault();
    const point = walk(this.#deps.points(), this.#atUs, step);
    if (point === undefined) this.#deps.speak(describeEnd(step));
    else this.#visit(point);
  }

  #visit(point: Point): void {
    this.#move(point[0]);
    this.#deps.speak(this.#deps.describe(point));
  }

  #move(timestampUs: number | undefined): void {
    if (timestampUs === this.#atUs) return;
    this.#atUs = timestampUs;
    this.#deps.onMove(timestampUs);
  }
}
