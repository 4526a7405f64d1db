import type { Rule, RuleWish } from "../../schema/rule.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";

/** What became of a change; with the rule as it is then. */
export type RuleOutcome =
  | { readonly kind: "changed" | "stale"; readonly rule: Rule }
  | { readonly kind: "unknown" | "name-taken" };

/** What goes on under a rule in one series. */
export interface Standing extends SeriesKey {
  /** As its alarms name it. */
  readonly rule: string;
  /** Since when its condition goes on, microseconds since the epoch; null where nobody asks how long. */
  readonly sinceUs: number | null;
  /** Whether it has an open alarm that holds. */
  readonly isHeld: boolean;
}

/** The way a series came, as a rate needs it. */
export interface Trail extends SeriesKey {
  readonly overSeconds: number;
  /** Oldest first: of every eighth of `overSeconds` the last reading, from one that is at least so old on. */
  readonly points: readonly { readonly timestampUs: number; readonly value: number }[];
}

/** Operators' own rules. What changes one is recorded. */
export interface RuleStore {
  /** By name. */
  list(): Promise<readonly Rule[]>;
  find(id: number): Promise<Rule | null>;
  /** Another one whenever a rule was added, changed or removed. */
  stamp(): Promise<string>;
  add(wish: RuleWish, by: string): Promise<RuleOutcome>;
  /** Only while `version` is the newest. */
  change(id: number, change: { version: number; wish: RuleWish; by: string }): Promise<RuleOutcome>;
  /** Likewise. Its alarms clear like those of a condition that is over. */
  remove(id: number, removal: { version: number; by: string }): Promise<RuleOutcome>;
  /** What goes on in these series, as the batches stored until now have it. */
  standings(keys: readonly SeriesKey[]): Promise<readonly Standing[]>;
  /** Series without readings are left out. */
  trails(asked: readonly (SeriesKey & { readonly overSeconds: number })[]): Promise<readonly Trail[]>;
}
