import { errorOf } from "../platform/errors.ts";
import type { Clock, ReadingStream } from "../platform/ports.ts";
import { weightOf } from "../platform/readings/frame.ts";
import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";

/** Longest a reading waits for company, in milliseconds. */
const gatherMs = 2;
/** A frame this large goes at once. */
const frameReadings = 500;

/** Called once the readings are as safe as the stream makes them, or with what prevented it. */
export type HandedOver = (error?: Error) => void;

export interface Gathered {
  readonly readings: readonly Reading[];
  readonly rejection?: Rejection;
}

export interface GathererOptions {
  readonly stream: ReadingStream;
  readonly shards: number;
  readonly now: Clock;
}

/**
 * Gathers readings for a moment and hands them to the stream, one frame a shard. The frames of all shards go in the same turn of the
 * loop, so that they share their way to the server and back.
 */
export class Gatherer {
  readonly #heaps: readonly Heap[];
  #timer: NodeJS.Timeout | undefined;

  constructor({ stream, shards, now }: GathererOptions) {
    this.#heaps = Array.from({ length: shards }, (_, shard) => new Heap(stream, shard, now));
  }

  /** Takes what is for this shard; calls back exactly once. */
  add(shard: number, content: Gathered, done: HandedOver): void {
    const heap = this.#heaps[shard];
    if (heap === undefined) throw new RangeError(`shard ${shard} of ${this.#heaps.length}`);
    heap.add(content, done);
    if (heap.weight >= frameReadings) heap.handOver();
    else this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  /** Hands over what has gathered, without waiting for more. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const heap of this.#heaps) heap.handOver();
  }
}

/** What has gathered for one shard. */
class Heap {
  readonly #stream: ReadingStream;
  readonly #shard: number;
  readonly #now: Clock;
  #readings: Reading[] = [];
  #rejections: Rejection[] = [];
  #waiting: HandedOver[] = [];
  #weight = 0;

  constructor(stream: ReadingStream, shard: number, now: Clock) {
    this.#stream = stream;
    this.#shard = shard;
    this.#now = now;
  }

  /** In readings. */
  get weight(): number {
    return this.#weight;
  }

  add({ readings, rejection }: Gathered, done: HandedOver): void {
    for (const reading of readings) this.#readings.push(reading);
    if (rejection !== undefined) this.#rejections.push(rejection);
    this.#waiting.push(done);
    this.#weight += weightOf({ readings, rejections: rejection === undefined ? [] : [rejection] });
  }

  handOver(): void {
    if (this.#waiting.length === 0) return;
    const frame = { receivedUs: this.#now(), readings: this.#readings, rejections: this.#rejections };
    const waiting = this.#waiting;
    this.#readings = [];
    this.#rejections = [];
    this.#waiting = [];
    this.#weight = 0;
    this.#stream.append(this.#shard, frame).then(
      () => {
        for (const done of waiting) done();
      },
      (error: unknown) => {
        const reason = errorOf(error);
        for (const done of waiting) done(reason);
      },
    );
  }
}
