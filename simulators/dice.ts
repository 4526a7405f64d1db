/** A 32-bit seed made of a seed and a text, so that every series of a fleet has dice of its own. */
export function seedOf(seed: number, text: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return scramble(hash);
}

/** A 32-bit seed made of a seed and a whole number of up to 53 bits, e.g. an instant in microseconds. */
export function seedAt(seed: number, position: number): number {
  const high = Math.floor(position / 0x1_0000_0000);
  return scramble(scramble(seed ^ (position >>> 0)) ^ high);
}

// The finaliser of MurmurHash3: every bit of the input reaches every bit of the answer.
function scramble(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Seeded dice (mulberry32): the same seed throws the same numbers, each at least 0 and below 1. */
export function createDice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** One throw of normally distributed dice with mean 0 and deviation 1 (Box and Muller). */
export function throwNormal(dice: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - dice()));
  return radius * Math.cos(2 * Math.PI * dice());
}
