import { addressGroup } from "../../platform/access/address-group.ts";
import type { LimitName } from "../../platform/limits.ts";
import { Rates } from "../../platform/rates.ts";
import { Flapping } from "./flapping.ts";

/** 0 in any of these is no limit. */
export interface AdmissionLimits {
  readonly connectionsPerAddress: number;
  readonly connectsPerSecond: number;
  readonly refusalsPerMinute: number;
  readonly unauthenticated: number;
}

export type Arrival =
  | { readonly kind: "admitted"; readonly visit: Visit }
  | { readonly kind: "refused"; readonly limit: LimitName; readonly address: string };

/** A connection at the door, until its socket is closed. */
export interface Visit {
  readonly address: string;
  /** Its CONNECT has come, and it is for us to answer. */
  ask(nowMs: number): void;
  /** It was let in: it is no stranger any more. */
  becomeKnown(): void;
  /** The answer was no, for a fault of the caller's. */
  refuse(): void;
  /** The answer was no, for a fault of ours. */
  excuse(): void;
  /** To be called once, when the socket has closed. How long its address is shut out for because of it; 0 as a rule. */
  end(nowMs: number): number;
}

/** Whoever leaves before we have answered did not fail, if it has waited for so long. */
const patienceMs = 5000;

/** How many seconds' worth of connections an address may open at once: a site that has its power back comes as a whole. */
const burstSeconds = 20;

/**
 * Decides who may come in, by nothing but the address and the clock, before a byte is read or anything is made for the caller.
 * What it remembers is bounded by the connections that are open, and by 65 536 addresses for what was before.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #open = new Map<string, number>();
  readonly #connects: Rates | undefined;
  readonly #refusals: Flapping | undefined;
  #strangers = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    const { connectsPerSecond: perSecond, refusalsPerMinute } = limits;
    if (perSecond > 0) this.#connects = new Rates({ perSecond, burst: perSecond * burstSeconds });
    if (refusalsPerMinute > 0) this.#refusals = new Flapping(refusalsPerMinute);
  }

  /** Connections that have not been let in yet. */
  get strangers(): number {
    return this.#strangers;
  }

  arrive(remoteAddress: string, nowMs: number): Arrival {
    const address = addressGroup(remoteAddress);
    const limit = this.#objection(address, nowMs);
    return limit === undefined
      ? { kind: "admitted", visit: this.#welcome(address) }
      : { kind: "refused", limit, address };
  }

  #objection(address: string, nowMs: number): LimitName | undefined {
    const { connectionsPerAddress, unauthenticated } = this.#limits;
    if ((this.#refusals?.waitMs(address, nowMs) ?? 0) > 0) return "address_banned";
    if ((this.#connects?.waitMs(address, nowMs) ?? 0) > 0) return "connect_rate";
    if (isFull(this.#open.get(address) ?? 0, connectionsPerAddress)) return "connections_per_address";
    if (isFull(this.#strangers, unauthenticated)) return "unauthenticated";
    return undefined;
  }

  #welcome(address: string): Visit {
    let isStranger = true;
    let askedMs: number | undefined;
    let answer: "none" | "refused" | "excused" = "none";
    this.#strangers += 1;
    this.#open.set(address, (this.#open.get(address) ?? 0) + 1);
    const becomeKnown = (): void => {
      if (isStranger) this.#strangers -= 1;
      isStranger = false;
    };
    const hasFailed = (nowMs: number): boolean => {
      if (!isStranger || answer === "excused") return false;
      return answer === "refused" || askedMs === undefined || nowMs - askedMs < patienceMs;
    };
    return {
      address,
      ask: (nowMs) => {
        askedMs = nowMs;
      },
      becomeKnown,
      refuse: () => {
        answer = "refused";
      },
      excuse: () => {
        answer = "excused";
      },
      end: (nowMs) => {
        const isFailure = hasFailed(nowMs);
        becomeKnown();
        this.#leave(address);
        return isFailure ? (this.#refusals?.fail(address, nowMs) ?? 0) : 0;
      },
    };
  }

  #leave(address: string): void {
    const left = (this.#open.get(address) ?? 1) - 1;
    if (left === 0) this.#open.delete(address);
    else this.#open.set(address, left);
  }
}

function isFull(count: number, most: number): boolean {
  return most > 0 && count >= most;
}
