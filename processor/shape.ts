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
  // Its root: whether a shape is given up after its last reading, as most are, is known without a multiplication, so 500 of them take well
  // below a microsecond.
  let reach = Number.POSITIVE_INFINITY;
  // A shape that overlaps is no earlier one.
  const oldest = Math.max(count - window, shapeLength - 1);
  for (let end = count - shapeLength; end >= oldest; end--) {
    const last = value - (recent[end & mask] ?? 0);
    if (last >= reach || last <= -reach) continue;
    const step1 = before1 - (recent[(end - 1) & mask] ?? 0);
    const step2 = before2 - (recent[(end - 2) & mask] ?? 0);
    const step3 = before3 - (recent[(end - 3) & mask] ?? 0);
    const distance = last * last + step1 * step1 + step2 * step2 + step3 * step3;
    if (distance >= nearest) continue;
    nearest = distance;
    reach = Math.sqrt(distance);
  }
  return reach;
}
