import { isIPv6 } from "node:net";

/** How a row of failures slows down what comes next. */
interface Slope {
  /** So many failures cost nothing: people mistype. */
  readonly free: number;
  readonly longestMs: number;
}

// An address that guesses waits long. A name waits little, and only for addresses that it never came from: whoever guesses at it
// from a thousand places must not be able to keep its owner out.
const slopes = {
  address: { free: 5, longestMs: 900_000 },
  name: { free: 10, longestMs: 30_000 },
} as const satisfies Record<string, Slope>;

const forgetMs = 3_600_000;
const mostKept = 10_000;
/** Checks at a time. Each keeps a thread busy for a fifth of a second, and devices want to be checked too. */
const mostChecks = 2;

interface Row {
  failures: number;
  lastMs: number;
}

export interface Attempt {
  readonly name: string;
  readonly address: string;
  readonly nowMs: number;
}

export type Outcome =
  | { readonly kind: "waits"; readonly ms: number }
  | { readonly kind: "right" }
  | { readonly kind: "wrong" };

/** Slows guessing down: by address and by name, each failure doubles the wait. What it knows is this process' own. */
export class LoginBrake {
  readonly #rows = new Map<string, Row>();
  /** Which address each name came from with the right password. */
  readonly #known = new Map<string, number>();
  #checks = 0;

  /** Checks unless it is too early for that. Counted before it is known whether it fails, so that a hundred at once are a hundred. */
  async attempt(attempt: Attempt, check: () => Promise<boolean>): Promise<Outcome> {
    const { nowMs } = attempt;
    const network = networkOf(attempt.address);
    const pair = `${attempt.name} ${network}`;
    const keys = [
      { key: `address ${network}`, slope: slopes.address },
      ...(this.#known.has(pair) ? [] : [{ key: `name ${attempt.name}`, slope: slopes.name }]),
    ];
    const ms = Math.max(...keys.map(({ key, slope }) => waitMs(this.#rows.get(key), slope, nowMs)));
    if (ms > 0) return { kind: "waits", ms };
    if (this.#checks >= mostChecks) return { kind: "waits", ms: 1000 };
    for (const { key } of keys) this.#note(key, nowMs);
    this.#checks += 1;
    try {
      if (!(await check())) return { kind: "wrong" };
    } finally {
      this.#checks -= 1;
    }
    // Only its own failure is taken back: who has one right password must not guess at others for free.
    for (const { key } of keys) this.#takeBack(key);
    keep(this.#known, pair, nowMs);
    return { kind: "right" };
  }

  #note(key: string, nowMs: number): void {
    const row = this.#rows.get(key);
    const failures = row === undefined || nowMs - row.lastMs > forgetMs ? 0 : row.failures;
    keep(this.#rows, key, { failures: failures + 1, lastMs: nowMs });
  }

  #takeBack(key: string): void {
    const row = this.#rows.get(key);
    if (row !== undefined) row.failures -= 1;
  }
}

/** Adds as the youngest; beyond what is kept the oldest goes. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > mostKept && oldest !== undefined) map.delete(oldest);
}

function waitMs(row: Row | undefined, { free, longestMs }: Slope, nowMs: number): number {
  if (row === undefined || row.failures < free || nowMs - row.lastMs > forgetMs) return 0;
  const restMs = Math.min(longestMs, 1000 * 2 ** (row.failures - free));
  return Math.max(0, row.lastMs + restMs - nowMs);
}

/** An IPv6 sender has a whole /64 to come from. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter(Boolean).length;
  return [...groups, ...Array<string>(missing).fill("0")].slice(0, 4).join(":");
}
