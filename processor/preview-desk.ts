import { randomUUID } from "node:crypto";
import { setImmediate as othersTurn } from "node:timers/promises";
import { messageOf } from "../platform/errors.ts";
import type { PreviewStore, PreviewTask, TuningStore } from "../platform/models/tuning-ports.ts";
import type { Clock } from "../platform/ports.ts";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import type { Log } from "../platform/telemetry.ts";
import { isSameTuning, type PreviewOutcome, type Tuning, usualTuning } from "../schema/tuning.ts";
import type { Calendar } from "./calendar.ts";
import type { Model } from "./model.ts";
import { type Comparison, compare, gather, mildest, quieterThan, sentenceOf } from "./preview.ts";
import { Rescore, type Rescored } from "./rescore.ts";
import { toManner } from "./tuning-book.ts";

export interface PreviewDeps {
  readonly previews: PreviewStore;
  readonly tunings: Pick<TuningStore, "current">;
  readonly modelFor: (key: SeriesKey) => Model | undefined;
  readonly calendar: Calendar;
  /** `ALARM_CLEAR_SECONDS`, in microseconds. */
  readonly quietUs: number;
  readonly now: Clock;
  readonly log: Pick<Log, "warn">;
  readonly signal: AbortSignal;
}

const leaseMs = 30_000;
const renewEveryMs = 5000;
const dayUs = 86_400_000_000;
/** What a series learns from before the days that are replayed: a tail stands for four thousand readings. */
const warmUpReadings = 5000;
const pageReadings = 4000;
/** Judged at a time, since the readings that arrive are judged by the same thread. */
const sliceReadings = 250;
const mostSeries = 20;
/** Once so many readings were replayed no further series is begun. */
const mostReadings = 1_000_000;
const mostListed = 100;

/** Answers the oldest preview that nobody works on; false when there is none. */
export async function answerPreview(deps: PreviewDeps): Promise<boolean> {
  const worker = randomUUID();
  const task = await deps.previews.take(worker, leaseMs);
  if (task === null) return false;
  const answering = new Answering(deps, task, worker);
  try {
    const outcome = await answering.outcome();
    if (outcome !== null) await deps.previews.finish(task.id, worker, { outcome });
  } catch (error) {
    deps.log.warn({ preview: task.id, reason: messageOf(error) }, "preview failed");
    // Another processor tries it again once the lease is over.
  }
  return true;
}

class Answering {
  readonly #deps: PreviewDeps;
  readonly #task: PreviewTask;
  readonly #worker: string;
  #renewedMs = performance.now();
  #readings = 0;

  constructor(deps: PreviewDeps, task: PreviewTask, worker: string) {
    this.#deps = deps;
    this.#task = task;
    this.#worker = worker;
  }

  /** Null when it was taken away, or the processor stops. */
  async outcome(): Promise<PreviewOutcome | null> {
    const { previews, now } = this.#deps;
    const { wish, days } = this.#task;
    const untilUs = now();
    const sinceUs = untilUs - days * dayUs;
    const from = await this.#tuningOfToday();
    const tunings = [from, ...(wish === null ? quieterThan(from) : [wish])];
    const { series, all } = await previews.seriesOf(this.#task, { sinceUs, limit: mostSeries });
    const results = new Map<SeriesKey, readonly Rescored[]>();
    for (const key of series) {
      if (this.#readings >= mostReadings) break;
      const result = await this.#replay(key, { tunings, sinceUs, untilUs });
      if (result === null) return null;
      results.set(key, result);
    }
    const known = new Set([...results.keys()].map(({ deviceId }) => deviceId));
    const alarms = (await previews.alarmsSince(this.#task, sinceUs)).filter(({ deviceId }) =>
      known.has(deviceId),
    );
    const [before, ...others] = gather(tunings, [...results.values()]);
    if (before === undefined) return null;
    const comparisons = others.map((after) => compare(alarms, before, after));
    const nothing = compare(alarms, before, before);
    const chosen = wish === null ? (mildest(comparisons) ?? nothing) : (comparisons[0] ?? nothing);
    return {
      ...{ from, sinceUs, untilUs, readings: this.#readings },
      series: { replayed: results.size, all },
      ...toOutcome(chosen, { from, days }),
    };
  }

  async #tuningOfToday(): Promise<Tuning> {
    const { sensorType, deviceId } = this.#task;
    const current = (await this.#deps.tunings.current()).filter((one) => one.sensorType === sensorType);
    const own = current.find((one) => one.deviceId === deviceId);
    const ofType = current.find((one) => one.deviceId === null);
    return own?.tuning ?? ofType?.tuning ?? usualTuning;
  }

  async #replay(
    key: SeriesKey,
    { tunings, sinceUs, untilUs }: { tunings: readonly Tuning[]; sinceUs: number; untilUs: number },
  ): Promise<readonly Rescored[] | null> {
    const { previews, quietUs, calendar, modelFor, signal } = this.#deps;
    const manners = tunings.map((tuning) => toManner(tuning, calendar));
    const replay = new Rescore(key, { model: modelFor(key), manners, sinceUs, quietUs });
    let fromUs = await previews.readingsBefore(key, sinceUs, warmUpReadings);
    for (;;) {
      if (signal.aborted || !(await this.#goOn())) return null;
      const page = await previews.readings(key, { fromUs, untilUs, limit: pageReadings });
      for (let at = 0; at < page.length; at += sliceReadings) {
        replay.take(page.slice(at, at + sliceReadings));
        await othersTurn();
      }
      const last = page.at(-1);
      if (last === undefined || page.length < pageReadings) break;
      fromUs = last.timestampUs + 1;
    }
    const results = replay.results();
    this.#readings += results[0]?.readings ?? 0;
    return results;
  }

  async #goOn(): Promise<boolean> {
    const nowMs = performance.now();
    if (nowMs - this.#renewedMs < renewEveryMs) return true;
    this.#renewedMs = nowMs;
    return this.#deps.previews.renew(this.#task.id, this.#worker, leaseMs);
  }
}

function toOutcome(chosen: Comparison, { from, days }: { from: Tuning; days: number }) {
  const { alarms, counts, falseAlarms, added, to } = chosen;
  const isNothing = isSameTuning(from, to);
  const sentence = isNothing
    ? `No quieter line would have removed what was called false in ${days} days.`
    : sentenceOf(chosen, days);
  const list = alarms.toReversed().slice(0, mostListed);
  return { to, sentence, alarms: alarms.length, ...counts, falseAlarms, added, list };
}
