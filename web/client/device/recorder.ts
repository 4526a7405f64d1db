import type { AnomalyEvent, LiveReadings } from "../../../schema/event.ts";
import { groupBySensor, type Point } from "../charts/history.ts";
import type { Span } from "../charts/span.ts";
import type { Connection } from "../shell/connection.ts";
import { Errands } from "../shell/errands.ts";
import { fetchHistory } from "./questions.ts";
import { isOpen, type Range, spanOf } from "./range.ts";
import { emptyTrace, since, type Trace, toTrace, withBands, withHeard } from "./trace.ts";

/** While steps gather, what the push could not put into the right one is set right this often. */
const freshenMs = 30_000;
/** So many readings for each that a chart has room for are too many to be drawn four times a second. */
const crowd = 1.5;
const relieveMs = 5000;

interface RecorderDeps {
  readonly deviceId: string;
  readonly live: Connection;
  /** How many points a chart has room for. */
  readonly points: () => number;
  /** Some traces are others now; `fresh` readings among them came by the push. */
  readonly onChange: (fresh: number) => void;
  readonly onFailure: (failure: string | undefined) => void;
}

/**
 * What is known of a device's sensors over a range: asks for it, and goes on with the push where the answer ends. The push is listened to
 * before the question is asked, so nothing falls between them; after a drop the range is asked for again.
 */
export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #errands: Errands;
  readonly #deafen: () => void;
  #range: Range;
  #traces = new Map<string, Trace>();
  #isAnswered = false;
  /** Of the server's clock, which the readings are held against, before this one. */
  #aheadMs = 0;
  #askedMs = 0;
  #questions = 0;

  constructor(range: Range, deps: RecorderDeps) {
    this.#deps = deps;
    this.#range = range;
    this.#errands = new Errands(() => deps.onFailure(this.#errands.failure));
    this.#deafen = deps.live.listen({
      onReadings: (batch) => this.#hear(batch),
      onEvent: (event) => event.kind === "anomaly" && this.#mark(event),
      onConnect: () => this.ask(),
    });
    deps.live.watch([deps.deviceId]);
    this.ask();
  }

  /** By sensor type, in the order of their names. */
  get traces(): ReadonlyMap<string, Trace> {
    return this.#traces;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** What the charts show now, by the server's clock. */
  span(nowMs = Date.now()): Span {
    return spanOf(this.#range, nowMs + this.#aheadMs);
  }

  setRange(range: Range): void {
    this.#range = range;
    this.ask();
  }

  /** Asks for the whole range anew. */
  ask(): void {
    this.#errands.soon("history", () => this.#ask(), 0);
  }

  /** Lets go of what has left the range, and asks for steps that are due. */
  tick(nowMs: number): void {
    if (!isOpen(this.#range)) return;
    const fromUs = this.span(nowMs).fromMs * 1000;
    for (const [type, trace] of this.#traces) this.#traces.set(type, since(trace, fromUs));
    const sinceMs = nowMs - this.#askedMs;
    const isDue = [...this.#traces.values()].some(
      (trace) =>
        (trace.stepSeconds !== null && sinceMs > freshenMs) ||
        (this.#isCrowded(trace) && sinceMs > relieveMs),
    );
    if (isDue && this.#deps.live.isLive) this.ask();
  }

  stop(): void {
    this.#deafen();
    this.#errands.stop();
  }

  /** Whether it holds so many readings that the server, asked anew, would answer with steps. */
  #isCrowded({ stepSeconds, stored, heard }: Trace): boolean {
    return stepSeconds === null && stored.length + heard.size > crowd * this.#deps.points();
  }

  async #ask(): Promise<void> {
    this.#questions += 1;
    const question = this.#questions;
    const range = this.#range;
    const { deviceId, live, points } = this.#deps;
    if (isOpen(range)) await live.settled();
    const { fromMs, toMs } = this.span();
    this.#askedMs = Date.now();
    const toUs = isOpen(range) ? undefined : Math.round(toMs * 1000);
    const wish = { deviceId, fromUs: Math.round(fromMs * 1000), toUs, points: points() };
    const answer = await fetchHistory(wish);
    // Another range was chosen meanwhile, and its answer is on the way.
    if (question !== this.#questions) return;
    if (isOpen(range)) this.#aheadMs = answer.toUs / 1000 - Date.now();
    const types = isOpen(range) ? [...this.#traces.keys()] : [];
    const traces = answer.series.map(
      (series) =>
        [series.sensorType, toTrace(series, answer.toUs, this.#traces.get(series.sensorType))] as const,
    );
    const heardOf = types.map((type) => [type, this.#traces.get(type) ?? emptyTrace] as const);
    this.#traces = new Map([...heardOf, ...traces].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#isAnswered = true;
    this.#deps.onChange(0);
  }

  #hear(batch: readonly LiveReadings[]): void {
    if (!isOpen(this.#range)) return;
    let fresh = 0;
    for (const { deviceId, readings, bands = [] } of batch) {
      if (deviceId !== this.#deps.deviceId) continue;
      for (const [sensorType, points] of groupBySensor(readings)) fresh += this.#take(sensorType, points);
      for (const [sensorType, ...band] of bands) {
        this.#traces.set(sensorType, withBands(this.#traces.get(sensorType) ?? emptyTrace, [band]));
      }
    }
    if (fresh > 0) this.#deps.onChange(fresh);
  }

  #mark({ deviceId, sensorType, timestampUs, value, score }: AnomalyEvent): void {
    if (deviceId !== this.#deps.deviceId || !isOpen(this.#range)) return;
    const fresh = this.#take(sensorType, [[timestampUs, value, score, 1]]);
    if (fresh > 0) this.#deps.onChange(fresh);
  }

  /** How many of them were not known. */
  #take(sensorType: string, points: readonly Point[]): number {
    const before = this.#traces.get(sensorType) ?? emptyTrace;
    const after = withHeard(before, points);
    const isKnown = this.#traces.has(sensorType);
    this.#traces.set(sensorType, after);
    if (!isKnown) this.#traces = new Map([...this.#traces].sort(([a], [b]) => (a < b ? -1 : 1)));
    return after.heard.size - before.heard.size;
  }
}
