import { weightOf } from "../platform/frame.ts";
import type { Clock, ReadingStream } from "../platform/ports.ts";
import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";

/** Longest a reading waits for company, in milliseconds. */
const gatherMs = 2;
/** A frame this large goes at once. */
const frameReadings = 500;

/** Called once the readings are as safe as the stream makes them, or with what prevented it. */
export type HandedOver = (error?: Error) => void;

/** Gathers the readings of one shard for a moment and hands them to the stream as one frame. */
export class Gatherer {
  readonly #stream: ReadingStream;
  readonly #shard: number;
  readonly #now: Clock;
  #readings: Reading[] = [];
  #rejections: Rejection[] = [];
  #waiting: HandedOver[] = [];
  #weight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ReadingStream, shard: number, now: Clock) {
    this.#stream = stream;
    this.#shard = shard;
    this.#now = now;
  }

  add(content: { readings: readonly Reading[]; rejection?: Rejection }, done: HandedOver): void {
    for (const reading of content.readings) this.#readings.push(reading);
    if (content.rejection !== undefined) this.#rejections.push(content.rejection);
    this.#waiting.push(done);
    this.#weight += weightOf({
      readings: content.readings,
      rejections: content.rejection ? [content.rejection] : [],
    });
    if (this.#weight >= frameReadings) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  /** Hands over what has gathered, without waiting for more. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
        const reason = error instanceof Error ? error : new Error(String(error));
        for (const done of waiting) done(reason);
      },
    );
  }
}
