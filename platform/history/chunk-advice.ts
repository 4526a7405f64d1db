/** What is known of the readings and of the database they are in. */
export interface ChunkFacts {
  /** Readings that came in a day, all of them and of a series in the middle of all series. */
  readonly readingsADay: number;
  readonly readingsADayOfSeries: number;
  /** Of a reading with its index, before it is compressed. */
  readonly bytesAReading: number;
  /** What the database may expect to be kept in memory. */
  readonly cacheBytes: number;
  readonly currentHours: number;
}

export interface ChunkAdvice {
  readonly hours: number;
  readonly reason: string;
}

/** Fewer readings of a series in a chunk, and to compress it makes it larger. */
const leastOfSeries = 100;
/** The newest chunk is written to all over its index, so it should stay in memory with much to spare. */
const shareOfCache = 4;
const choices = [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720];

/** How long a chunk should be. What there is stays as it is as long as it fits. */
export function adviseChunk(facts: ChunkFacts): ChunkAdvice {
  const { readingsADay, readingsADayOfSeries, bytesAReading, cacheBytes, currentHours } = facts;
  if (readingsADay === 0)
    return { hours: currentHours, reason: "no reading came in the last day, so there is nothing to go by" };
  const least = (leastOfSeries / readingsADayOfSeries) * 24;
  const most = (cacheBytes / shareOfCache / bytesAReading / readingsADay) * 24;
  const fits = (hours: number): boolean => hours >= least && hours <= most;
  if (fits(currentHours)) return { hours: currentHours, reason: "what there is fits" };
  const fitting = choices.filter(fits);
  // The one nearest to a day: few chunks are quick to plan, and a day is compressed soon.
  const nearest = fitting.toSorted((a, b) => Math.abs(Math.log(a / 24)) - Math.abs(Math.log(b / 24)))[0];
  if (nearest !== undefined) {
    const reason =
      currentHours < least
        ? `in less a series has fewer than ${leastOfSeries} readings, and to compress them makes them larger`
        : "in more the newest chunk outgrows a quarter of the memory the database may use";
    return { hours: nearest, reason };
  }
  const hours = choices.filter((choice) => choice <= most).at(-1) ?? 1;
  const reason = `the newest chunk must fit in memory, although a series has fewer than ${leastOfSeries} readings in it then: give the database more memory`;
  return { hours, reason };
}
