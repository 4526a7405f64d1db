import type { Span } from "../charts/span.ts";
import type { Trace } from "./trace.ts";

/** What is shown while nothing moves. */
interface Still {
  readonly span: Span;
  readonly traces: ReadonlyMap<string, Trace>;
}

/** Whether the charts stand still, what they show then, and how much they miss. */
export class Standstill {
  #still: Still | undefined;
  #isHover = false;
  #missed = 0;

  get isPaused(): boolean {
    return this.#still !== undefined;
  }

  /** Stands still only for as long as the pointer is over a chart. */
  get isHover(): boolean {
    return this.isPaused && this.#isHover;
  }

  /** Points that came since. */
  get missed(): number {
    return this.#missed;
  }

  /** What is seen: what was `now` when it began, or what is. */
  of(now: () => Still): Still {
    return this.#still ?? now();
  }

  miss(points: number): void {
    this.#missed += points;
  }

  begin(now: Still, isHover: boolean): void {
    this.#still = { span: now.span, traces: new Map(now.traces) };
    this.#isHover = isHover;
  }

  end(): void {
    this.#still = undefined;
    this.#missed = 0;
  }
}
