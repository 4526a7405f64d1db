/** Thrown to who waits when there is no more room to wait. */
export class TurnstileFull extends Error {
  override readonly name = "TurnstileFull";
}

export interface TurnstileOptions {
  /** How many are inside at a time. */
  readonly atOnce: number;
  /** Most that wait. */
  readonly room: number;
  readonly onWaiting?: (waiting: number) => void;
}

interface Turn {
  readonly enter: () => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/**
 * Lets in few at a time, and every lane in its turn, so that a crowd in one lane makes the others wait for one of it and not for
 * all. When there is no room left, the longest lane loses its newest.
 */
export class Turnstile {
  readonly #options: TurnstileOptions;
  /** In the order of their turns; an empty lane is removed. */
  readonly #lanes = new Map<string, Turn[]>();
  #inside = 0;
  #waiting = 0;

  constructor(options: TurnstileOptions) {
    this.#options = options;
  }

  /** Does the work once it is this lane's turn. @throws TurnstileFull */
  pass<T>(lane: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const enter = (): Promise<void> => work().then(resolve, reject);
      const turns = this.#lanes.get(lane);
      if (turns === undefined) this.#lanes.set(lane, [{ enter, refuse: reject }]);
      else turns.push({ enter, refuse: reject });
      this.#count(1);
      if (this.#waiting > this.#options.room) this.#refuseOne();
      this.#next();
    });
  }

  #next(): void {
    while (this.#inside < this.#options.atOnce) {
      const [lane] = this.#lanes.keys();
      if (lane === undefined) return;
      const turns = this.#lanes.get(lane) ?? [];
      this.#lanes.delete(lane);
      const turn = turns.shift();
      if (turns.length > 0) this.#lanes.set(lane, turns);
      if (turn === undefined) continue;
      this.#count(-1);
      this.#inside += 1;
      void turn.enter().then(() => {
        this.#inside -= 1;
        this.#next();
      });
    }
  }

  #refuseOne(): void {
    let longest = "";
    let most = 0;
    for (const [lane, turns] of this.#lanes) {
      if (turns.length <= most) continue;
      longest = lane;
      most = turns.length;
    }
    const turns = this.#lanes.get(longest);
    const turn = turns?.pop();
    if (turns?.length === 0) this.#lanes.delete(longest);
    if (turn === undefined) return;
    this.#count(-1);
    turn.refuse(new TurnstileFull(`more than ${this.#options.room} wait for their password to be checked`));
  }

  #count(change: number): void {
    this.#waiting += change;
    this.#options.onWaiting?.(this.#waiting);
  }
}
