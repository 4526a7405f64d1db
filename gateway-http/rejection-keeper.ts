import { messageOf, PlatformError } from "../platform/errors.ts";
import type { LimitNotices } from "../platform/limit-notices.ts";
import type { RejectionStore } from "../platform/ports.ts";
import type { Log } from "../platform/telemetry.ts";
import type { Rejection } from "../schema/rejection.ts";

/** Longest a rejection waits for company. */
const gatherMs = 50;
/** Waiting or being written, with 4 kB of payload each. */
const most = 1000;

export interface RejectionKeeperDeps {
  readonly rejections: Pick<RejectionStore, "keep">;
  readonly notices: LimitNotices;
  readonly log: Log;
}

interface Waiting {
  readonly rejection: Rejection;
  readonly done: () => void;
}

/**
 * Keeps what gathers in a moment together, one write at a time: a transaction for each bad body would let whoever sends them take the
 * database from everybody else.
 */
export class RejectionKeeper {
  readonly #deps: RejectionKeeperDeps;
  #waiting: Waiting[] = [];
  #inHand = 0;
  #isUnderWay = false;

  constructor(deps: RejectionKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves once it is kept, or known not to be: its sender hears what is wrong either way, only the operator's copy is missing.
   * @throws PlatformError GATEWAY_BUSY, retryable, while too many wait.
   */
  async keep(rejection: Rejection): Promise<void> {
    if (this.#inHand >= most) {
      this.#deps.notices.tell("http_rejections", { code: rejection.code });
      const message = `${rejection.code}: ${rejection.reason}; and ${most} others like it wait to be kept: correct it, or send it again later`;
      throw new PlatformError("GATEWAY_BUSY", message, { retryable: true });
    }
    this.#inHand += 1;
    await new Promise<void>((done) => {
      this.#waiting.push({ rejection, done });
      this.#soon();
    });
  }

  #soon(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setTimeout(() => void this.#write(), gatherMs);
  }

  async #write(): Promise<void> {
    const gathered = this.#waiting;
    this.#waiting = [];
    await this.#keepAll(gathered.map(({ rejection }) => rejection));
    this.#inHand -= gathered.length;
    for (const { done } of gathered) done();
    this.#isUnderWay = false;
    if (this.#waiting.length > 0) this.#soon();
  }

  /** By halves where the store refuses one of them, so that it takes no other with it. */
  async #keepAll(rejections: readonly Rejection[]): Promise<void> {
    try {
      await this.#deps.rejections.keep(rejections);
    } catch (error) {
      const isRefused = error instanceof PlatformError && !error.retryable;
      if (isRefused && rejections.length > 1) {
        const middle = rejections.length >> 1;
        await this.#keepAll(rejections.slice(0, middle));
        await this.#keepAll(rejections.slice(middle));
        return;
      }
      const codes = [...new Set(rejections.map(({ code }) => code))];
      this.#deps.log.warn(
        { codes, count: rejections.length, reason: messageOf(error) },
        "rejection not kept",
      );
    }
  }
}
