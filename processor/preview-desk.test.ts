import { expect, test } from "vitest";
import type { JudgedAlarm, PreviewStore, PreviewTask } from "../platform/models/tuning-ports.ts";
import type { SeriesKey } from "../platform/readings/shard-batch.ts";
import type { PreviewOutcome, Tuning, TuningSummary } from "../schema/tuning.ts";
import { utcCalendar } from "./calendar.ts";
import { growFactoryModels } from "./factory.ts";
import { answerPreview, type PreviewDeps } from "./preview-desk.ts";
import { normalNumber, seededRandom } from "./random.ts";
import { scoreReading } from "./score.ts";
import { newSeries } from "./series.ts";

const minuteUs = 60_000_000;
const nowUs = Date.UTC(2026, 10, 29) * 1000;
const key = { deviceId: "d1", sensorType: "temperature" };
const model = growFactoryModels().get("temperature");
const quietUs = 5 * minuteUs;

/** Ten days, a reading every five minutes, up to now; a small disturbance twice a day or so, a great one twice in all. */
function history(): { timestampUs: number; value: number }[] {
  const random = seededRandom(3);
  const count = 10 * 288;
  return Array.from({ length: count }, (_, place) => {
    const side = place % 250 === 249 ? 0.77 + 0.66 * random() : 0;
    const small = random() < 0.5 ? side : -side;
    const great = place === count - 400 || place === count - 130 ? 15 : 0;
    const value = Math.round((22 + 0.15 * normalNumber(random) + small + great) * 100) / 100;
    return { timestampUs: nowUs - (count - place) * 5 * minuteUs, value };
  });
}

/** What the pipeline made of it, all of it false but for the great disturbances. */
function alarmsOf(readings: ReturnType<typeof history>): JudgedAlarm[] {
  const state = newSeries(key.sensorType);
  return readings.flatMap((reading, id) => {
    const { isAnomaly, value } = scoreReading({ ...key, ...reading }, state, model);
    const verdict = value > 30 ? "confirmed" : "false-alarm";
    const { timestampUs: raisedUs } = reading;
    return isAnomaly ? [{ ...key, id: id + 1, raisedUs, lastUs: raisedUs, sentence: "", verdict }] : [];
  });
}

/** A store of one series and one question. */
class Desk implements PreviewStore {
  readonly readingsOfDay = history();
  readonly alarms = alarmsOf(this.readingsOfDay);
  readonly answers: ({ outcome: PreviewOutcome } | { failure: string })[] = [];
  #tasks: PreviewTask[];

  constructor(wish: Tuning | null) {
    this.#tasks = [{ id: 1, ...key, wish, days: 7 }];
  }

  take = () => Promise.resolve(this.#tasks.pop() ?? null);
  renew = () => Promise.resolve(true);
  finish = (_id: number, _worker: string, answer: { outcome: PreviewOutcome } | { failure: string }) => {
    this.answers.push(answer);
    return Promise.resolve();
  };
  forgetOlderThan = () => Promise.resolve(0);
  alarmsSince = (_scope: unknown, sinceUs: number) =>
    Promise.resolve(this.alarms.filter(({ raisedUs }) => raisedUs >= sinceUs));
  seriesOf = () => Promise.resolve({ series: [key], all: 1 });
  readingsBefore = () => Promise.resolve(this.readingsOfDay[0]?.timestampUs ?? 0);
  readings = (_key: SeriesKey, query: { fromUs: number; untilUs: number; limit: number }) =>
    Promise.resolve(
      this.readingsOfDay
        .filter(({ timestampUs }) => timestampUs >= query.fromUs && timestampUs < query.untilUs)
        .slice(0, query.limit),
    );
}

function depsOf(previews: PreviewStore, over: Partial<PreviewDeps> = {}): PreviewDeps {
  return {
    ...{
      previews,
      tunings: { current: () => Promise.resolve([]) },
      modelFor: () => model,
      calendar: utcCalendar,
    },
    ...{ quietUs, now: () => nowUs, signal: new AbortController().signal, log: { warn: () => undefined } },
    ...over,
  };
}

async function outcomeOf(desk: Desk, over: Partial<PreviewDeps> = {}): Promise<PreviewOutcome> {
  expect(await answerPreview(depsOf(desk, over))).toBe(true);
  const [answer] = desk.answers;
  if (answer === undefined || !("outcome" in answer)) throw new Error("no outcome");
  return answer.outcome;
}

test("asked for nothing in particular it finds the tuning that removes what was called false and keeps what was confirmed", async () => {
  const outcome = await outcomeOf(new Desk(null));
  expect(outcome.alarms).toBeGreaterThan(4);
  expect(outcome.unclear).toBe(0);
  expect(outcome.hidden).toBe(0);
  expect(outcome.falseAlarms.removed).toBeGreaterThan(0);
  expect(outcome.to.allowance).toBeLessThan(1);
  expect(outcome.kept).toBeGreaterThanOrEqual(2);
  expect(outcome.readings).toBe(7 * 288);
  expect(outcome.sentence).toMatch(/^Would have removed \d+ of \d+ alarms in 7 days\.$/);
  expect(outcome.list[0]?.raisedUs).toBeGreaterThan(outcome.list.at(-1)?.raisedUs ?? 0);
});

test("a wish is looked at as it is, against the tuning of today", async () => {
  const ofType: TuningSummary = {
    ...{ id: 1, sensorType: "temperature", deviceId: null, by: "operator:ada", atUs: 0 },
    tuning: { allowance: 0.0001, mutes: [] },
  };
  const wish: Tuning = { allowance: 10, mutes: [] };
  const tunings = { current: () => Promise.resolve([ofType]) };
  const outcome = await outcomeOf(new Desk(wish), { tunings });
  expect(outcome).toMatchObject({ from: ofType.tuning, to: wish, removed: 0, hidden: 0 });
  expect(outcome.added + outcome.kept).toBeGreaterThan(4);
});

test("nothing is answered when nothing was asked, or once the processor stops", async () => {
  const desk = new Desk(null);
  expect(await answerPreview(depsOf(desk, { signal: AbortSignal.abort() }))).toBe(true);
  expect(desk.answers).toEqual([]);
  expect(await answerPreview(depsOf(desk))).toBe(false);
});
