import { setText } from "./element.ts";

const quietMs = 5000;

/** Speaks to screen readers, at most once in five seconds: of a flood of anomalies it tells the last and how many. */
export class Announcer {
  readonly #region: HTMLElement;
  #waiting: string[] = [];
  #timer: number | undefined;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  say(text: string): void {
    this.#waiting.push(text);
    if (this.#timer === undefined) this.#speak();
  }

  #speak(): void {
    this.#timer = undefined;
    const last = this.#waiting.at(-1);
    if (last === undefined) return;
    const others = this.#waiting.length - 1;
    setText(this.#region, others === 0 ? last : `${last} And ${others} more.`);
    this.#waiting = [];
    this.#timer = window.setTimeout(() => this.#speak(), quietMs);
  }
}
