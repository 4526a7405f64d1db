import type { NewViewBody, SavedView, ViewChangeBody } from "../../schema/saved-view.ts";

/** Who keeps views, and what they may do with those that everybody sees. */
export interface ViewKeeper {
  /** As in the record of changes. */
  readonly name: string;
  /** Whether they may share views, and change or remove shared ones of others. */
  readonly mayShare: boolean;
  readonly mayTidy: boolean;
}

/** Filters that have a name: those of everybody, and those that one has for oneself. What all can see is recorded when it changes. */
export interface SavedViewStore {
  /** Those of this one and the shared ones, by name. */
  list(page: SavedView["page"], owner: string): Promise<readonly SavedView[]>;
  add(view: NewViewBody, by: ViewKeeper): Promise<ViewOutcome>;
  change(id: number, change: ViewChangeBody, by: ViewKeeper): Promise<ViewOutcome>;
  remove(id: number, by: ViewKeeper): Promise<ViewOutcome>;
}

export type ViewOutcome =
  | { readonly kind: "done"; readonly view: SavedView }
  /** There is none of that id that they can see. */
  | { readonly kind: "unknown" }
  | { readonly kind: "name-taken" }
  | { readonly kind: "too-many" }
  /** They may not share, or it belongs to somebody else. */
  | { readonly kind: "forbidden" };
