/** The word among these that a text is; the first where it is none of them. */
export function oneOf<Word extends string>(words: readonly [Word, ...Word[]], text: string): Word {
  return words.find((word) => word === text) ?? words[0];
}
