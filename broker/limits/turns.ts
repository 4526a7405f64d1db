import type { Duplex } from "node:stream";

/** What one connection may have read in a turn of the loop: more than devices say in one, and less than half a millisecond's work. */
const turnBytes = 2048;

/** Of a turn of the loop, for all who say more than a portion: what they say may be dear, and whoever says little waits for it. */
const budgetMs = 2;

/** What those who say much may have of each turn of the loop, together. */
export class TurnBudget {
  #endMs = 0;
  #isOpen = false;

  /** Whether there is time left in this turn of the loop. The first to ask in a turn always has some. */
  get isLeft(): boolean {
    if (this.#isOpen) return performance.now() < this.#endMs;
    this.#isOpen = true;
    this.#endMs = performance.now() + budgetMs;
    // Before all that is put off from now on.
    setImmediate(() => {
      this.#isOpen = false;
    });
    return true;
  }
}

/**
 * Lets a stream be read in portions, one a turn of the loop or fewer, so that who says much at once does not keep those waiting who say
 * little. For whoever reads on `readable`, as Aedes does; to be called before anybody else reads, or replaces `read`.
 */
export function takeTurns(stream: Duplex, budget: TurnBudget): void {
  const read = stream.read.bind(stream);
  let isWaiting = false;
  const nextTurn = (): void => {
    if (!budget.isLeft) {
      setImmediate(nextTurn);
      return;
    }
    isWaiting = false;
    if (!stream.destroyed) stream.emit("readable");
  };
  const wait = (): void => {
    isWaiting = true;
    setImmediate(nextTurn);
  };
  stream.read = (size?: number): Buffer | null => {
    // With 0 Node asks the stream to fetch, and takes nothing.
    if (size === 0) return read(0);
    if (isWaiting) return null;
    const saysMuch = stream.readableLength > turnBytes;
    if (saysMuch && !budget.isLeft) {
      wait();
      return null;
    }
    const most = Math.min(size ?? turnBytes, turnBytes);
    // Asked for nothing in particular when it is empty, it fetches, or ends. Nobody sets an encoding on these streams.
    const bytes = read(Math.min(stream.readableLength, most) || undefined) as Buffer | null;
    if (stream.readableLength > 0) wait();
    return bytes;
  };
}
