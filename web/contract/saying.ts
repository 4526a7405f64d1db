import type { TSchema } from "typebox";

/** What the contract says of a route beside its own schemas. */
export interface Said {
  readonly tag: string;
  readonly summary: string;
  /** By status: the codes of its own refusals; those that every route can give are known. */
  readonly refusals: Readonly<Record<number, readonly string[]>>;
  /** By status: what a route answers that has no schema of its own for it. Null is an answer without a body. */
  readonly answers: Readonly<Record<number, TSchema | null>>;
}

export type Words = Partial<Pick<Said, "refusals" | "answers">>;

/** The routes of one tag, by method and path. */
export function under(
  tag: string,
  routes: Readonly<Record<string, string | readonly [string, Words]>>,
): [string, Said][] {
  return Object.entries(routes).map(([route, words]) => {
    const [summary, rest] = typeof words === "string" ? [words, {}] : words;
    return [route, { tag, summary, refusals: {}, answers: {}, ...rest }];
  });
}

/** An answer without a body. */
export const done = { 204: null } as const;
