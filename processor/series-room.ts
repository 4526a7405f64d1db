import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** What a process may take, in bytes. */
export interface Memory {
  /** Of the container, or else of the machine. */
  readonly allBytes: number;
  /** Beyond which Node ends it. */
  readonly heapBytes: number;
}

// Measured: 7.6 kB live, 3.4 of them in the heap; garbage and the allocator make 10 kB of it.
const seriesBytes = 10_000;
const seriesHeapBytes = 3500;
/** What a processor takes without any, young objects above all. */
const restBytes = 256 * 2 ** 20;
const [fewest, most] = [2000, 1_000_000];

/** The memory of this process. */
export function memoryHere(): Memory {
  // 0, or more than there can be, where nothing is set.
  const allowedBytes = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return {
    allBytes: Math.min(allowedBytes, totalmem()),
    heapBytes: getHeapStatistics().heap_size_limit,
  };
}

/** How many series a processor may remember, in all of its shards: they take half of what it has beyond the rest. */
export function roomForSeries({ allBytes, heapBytes }: Memory): number {
  const room = Math.min((allBytes - restBytes) / seriesBytes, heapBytes / seriesHeapBytes) / 2;
  return Math.floor(Math.min(Math.max(room, fewest), most));
}
