import type { RuleStore } from "../platform/alarms/rule-ports.ts";
import { indexRules, type RuleIndex } from "./rule-conditions.ts";

/** The rules as this process last saw them. */
export interface RuleBook {
  /** Another map whenever a rule has changed. */
  readonly index: RuleIndex;
  /** Looks whether they changed. @throws PlatformError STORE_DOWN, retryable: the rules stay as they were. */
  refresh(): Promise<void>;
}

/** Opens a book without rules; `refresh` fills it. */
export function openRuleBook(store: Pick<RuleStore, "list" | "stamp">): RuleBook {
  let index: RuleIndex = new Map();
  let seen = "";
  return {
    get index() {
      return index;
    },
    async refresh() {
      // Asked before the list, so that what changes in between is seen the next time.
      const stamp = await store.stamp();
      if (stamp === seen) return;
      index = indexRules(await store.list());
      seen = stamp;
    },
  };
}
