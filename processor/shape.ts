/** Readings of one shape. */
export const shapeLength = 4;
/** How many of the newest readings an earlier shape may lie among. */
const window = 500;
/** Fewer readings have no shapes to compare with. */
const fewest = 64;

/**
 * How far the shape that ends in `value` is from the nearest earlier one (its left discord: Yeh et al. 2016, Lu et al. 2022), as the
 * Euclidean distance of four readings, without taking their level away; NaN while there are too few. `recent` is a ring of a power of two
 * places, `count` how many values were ever put into it.
 */
export function leftDiscord(recent: Float32Array, count: number, value: number): number {
  if (count < fewest) return Number.NaN;
  const mask = recent.length - 1;
  const before1 = recent[(count - 1) & mask] ?? 0;
  const before2 = recent[(count - 2) & mask] ?? 0;
  const before3 = recent[(count - 3) & mask] ?? 0;
  let nearest = Number.POSITIVE_INFINITY;
  // A shape that overlaps is no earlier one.
  const oldest = Math.max(count - window, shapeLength - 1);
  let end = count - shapeLength;
  let last = recent[end & mask] ?? 0;
  let last1 = recent[(end - 1) & mask] ?? 0;
  let last2 = recent[(end - 2) & mask] ?? 0;
  // Each reading is fetched once, and each shape measured to its end: the only question, whether it is the nearest so far, is almost
  // always answered no, which processors foresee. 1 µs for 500 shapes; giving up after the first reading saved sums, was foreseen by
  // nobody, and took 4.
  for (; end >= oldest; end--) {
    const last3 = recent[(end - 3) & mask] ?? 0;
    const step = value - last;
    const step1 = before1 - last1;
    const step2 = before2 - last2;
    const step3 = before3 - last3;
    const distance = step * step + step1 * step1 + step2 * step2 + step3 * step3;
    if (distance < nearest) nearest = distance;
    last = last1;
    last1 = last2;
    last2 = last3;
  }
  return Math.sqrt(nearest);
}
