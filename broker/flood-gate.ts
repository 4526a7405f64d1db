import { messageOf, PlatformError } from "../platform/errors.ts";
import type { ReadingStream } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";

export interface FloodGateOptions {
  readonly stream: Pick<ReadingStream, "fullness">;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How long a publish is held before it is refused. */
  readonly patienceMs?: number;
}

/** How full the stream may become before publishes are held: the rest is for what is on its way already. */
const highWater = 0.75;
const lookIntervalMs = 250;
/** Publishes let through at a time while the flood falls. */
const portion = 2000;
// Shorter than the keep-alive most devices ask for: whoever is held is not read from, and so not heard to be alive.
const patience = 20_000;

interface Held {
  readonly sinceMs: number;
  readonly enter: (refusal?: PlatformError) => void;
}

/**
 * Holds publishes back while the stream is nearly full. A client whose publish is held is not read from, so its own socket slows it
 * down; nobody who behaves is dropped. It lets through as much as processors store; only when they store nothing for longer than
 * its patience, it refuses.
 */
export class FloodGate {
  readonly #options: FloodGateOptions;
  readonly #patienceMs: number;
  readonly #timer: NodeJS.Timeout;
  #held: Held[] = [];
  #isHigh = false;
  #isLooking = false;

  constructor(options: FloodGateOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? patience;
    this.#timer = setInterval(() => void this.look(), lookIntervalMs);
    this.#timer.unref();
  }

  /** Calls `enter` once: now, when there is room, or with a refusal. In the order of arrival. */
  pass(enter: (refusal?: PlatformError) => void): void {
    if (!this.#isHigh && this.#held.length === 0) enter();
    else this.#held.push({ sinceMs: performance.now(), enter });
  }

  /** Asks the stream how full it is and lets through what may go. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const fullness = await this.#options.stream.fullness();
      this.#options.metrics.streamFullness.set(fullness);
      this.#turn(fullness >= highWater, fullness);
    } catch (error) {
      // A stream that does not answer refuses what is appended to it, which is for the sender to hear.
      this.#options.log.debug({ reason: messageOf(error) }, "stream does not say how full it is");
      this.#turn(false, 0);
    } finally {
      this.#isLooking = false;
    }
    if (!this.#isHigh) for (const { enter } of this.#held.splice(0, portion)) enter();
    this.#refuseLate();
    this.#options.metrics.publishesHeld.set(this.#held.length);
  }

  /** Lets nothing through any more; what is held is never answered. */
  close(): void {
    clearInterval(this.#timer);
    this.#held = [];
  }

  #turn(isHigh: boolean, fullness: number): void {
    if (isHigh === this.#isHigh) return;
    this.#isHigh = isHigh;
    const event = isHigh ? "stream nearly full, devices are slowed down" : "stream has room again";
    this.#options.log.warn({ fullness: Number(fullness.toFixed(2)) }, event);
  }

  #refuseLate(): void {
    const latest = performance.now() - this.#patienceMs;
    const kept = this.#held.findIndex(({ sinceMs }) => sinceMs > latest);
    const late = this.#held.splice(0, kept === -1 ? this.#held.length : kept);
    for (const { enter } of late) {
      const message = `the stream has had no room for ${this.#patienceMs / 1000} s; is a processor running, and the database reachable?`;
      enter(new PlatformError("STREAM_FULL", message, { retryable: true }));
    }
  }
}
