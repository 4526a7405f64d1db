import type { RuleStore, Standing, Trail } from "../platform/alarms/rule-ports.ts";
import type { RuleSteps, SeriesKey } from "../platform/readings/shard-batch.ts";
import { rankOfSeverity } from "../schema/alarm.ts";
import type { ScoredReading } from "../schema/scored.ts";
import type { RuleBook } from "./rule-book.ts";
import type { ReadyRule, RuleIndex } from "./rule-conditions.ts";
import { newTrail, type RuleTrail } from "./rule-trail.ts";

/** How one series stands to one rule. */
interface Watched {
  readonly ready: ReadyRule;
  readonly trail: RuleTrail | null;
  /** When the condition began, or null while it does not go on. */
  sinceUs: number | null;
  /** Whether it has raised an alarm that is to end with it. */
  isHeld: boolean;
}

interface WatchedSeries {
  readonly rules: readonly Watched[];
  /** Alarms that hold, of rules that are not about this series any more. */
  strays: readonly string[];
}

/** A sensor type that has rules, and its series by device. */
interface WatchedType {
  readonly rules: readonly ReadyRule[];
  readonly series: Map<string, WatchedSeries>;
}

type RuleHistory = Pick<RuleStore, "standings" | "trails">;

/** Series whose standing is asked for at a time. */
const seriesASlice = 500;

/**
 * Holds the readings of a shard against the rules, in order. What it remembers is what the database has, batch by batch, and
 * begins anew with every change of a rule.
 */
export class RuleWatch {
  readonly #book: RuleBook;
  readonly #store: RuleHistory;
  readonly #mostSeries: () => number;
  #index: RuleIndex = new Map();
  #types: ReadonlyMap<string, WatchedType> = new Map();

  constructor({ book, store, mostSeries }: { book: RuleBook; store: RuleHistory; mostSeries: () => number }) {
    this.#book = book;
    this.#store = store;
    this.#mostSeries = mostSeries;
  }

  /** The series of these readings that `load` must be called with before they are judged. Begins a batch. */
  missing(readings: readonly SeriesKey[]): readonly SeriesKey[] {
    if (this.#index !== this.#book.index) this.#beginAnew(this.#book.index);
    if (this.#types.size === 0) return [];
    this.#trim();
    const missing = new Map<string, SeriesKey>();
    for (const key of readings) {
      const isKnown = this.#types.get(key.sensorType)?.series.has(key.deviceId) ?? true;
      if (!isKnown) missing.set(nameOf(key), key);
    }
    return [...missing.values()];
  }

  /** Reads how these series stand. To be called when everything judged before is stored. */
  async load(keys: readonly SeriesKey[]): Promise<void> {
    for (let from = 0; from < keys.length; from += seriesASlice) {
      const slice = keys.slice(from, from + seriesASlice);
      const rates = slice.flatMap((key) =>
        this.#rulesOf(key)
          .filter(({ overUs }) => overUs > 0)
          .map(({ overUs }) => ({ ...key, overSeconds: overUs / 1e6 })),
      );
      const standings = bySeries(await this.#store.standings(slice));
      const trails = bySeries(rates.length === 0 ? [] : await this.#store.trails(rates));
      for (const key of slice) {
        const name = nameOf(key);
        const found = { standings: standings.get(name) ?? [], trails: trails.get(name) ?? [] };
        this.#types.get(key.sensorType)?.series.set(key.deviceId, toWatched(this.#rulesOf(key), found));
      }
    }
  }

  /** What these readings mean to the rules. */
  judge(readings: readonly ScoredReading[]): RuleSteps {
    if (this.#types.size === 0) return noSteps;
    const steps = new Steps();
    for (const reading of readings) {
      const series = this.#types.get(reading.sensorType)?.series.get(reading.deviceId);
      if (series === undefined) continue;
      for (const key of series.strays) steps.end(reading, key);
      series.strays = [];
      for (const watched of series.rules) {
        if (reading.isLate) judgeLate(watched, reading, steps);
        else judge(watched, reading, steps);
      }
    }
    return steps.sum();
  }

  /** These series were not stored after all. */
  forget(keys: readonly SeriesKey[]): void {
    for (const { deviceId, sensorType } of keys) this.#types.get(sensorType)?.series.delete(deviceId);
  }

  #beginAnew(index: RuleIndex): void {
    this.#index = index;
    this.#types = new Map([...index].map(([type, rules]) => [type, { rules, series: new Map() }]));
  }

  /** Forgets what is beyond the limit, from the series on that are known longest. */
  #trim(): void {
    let excess = -this.#mostSeries();
    for (const { series } of this.#types.values()) excess += series.size;
    for (const { series } of this.#types.values()) {
      for (const deviceId of series.keys()) {
        if (excess <= 0) return;
        series.delete(deviceId);
        excess -= 1;
      }
    }
  }

  #rulesOf({ deviceId, sensorType }: SeriesKey): readonly ReadyRule[] {
    return (this.#types.get(sensorType)?.rules ?? []).filter((ready) => ready.isAbout(deviceId));
  }
}

function toWatched(
  rules: readonly ReadyRule[],
  { standings, trails }: { standings: readonly Standing[]; trails: readonly Trail[] },
): WatchedSeries {
  const keys = new Set(rules.map(({ key }) => key));
  const watched = rules.map((ready): Watched => {
    const own = standings.filter(({ rule }) => rule === ready.key);
    const isHeld = own.some((standing) => standing.isHeld);
    const since = own.find(({ sinceUs }) => sinceUs !== null)?.sinceUs ?? null;
    const trail = ready.overUs === 0 ? null : newTrail(ready.overUs);
    const way = trails.find(({ overSeconds }) => overSeconds * 1e6 === ready.overUs);
    for (const point of way?.points ?? []) trail?.follow(point.timestampUs, point.value);
    // What has an alarm has gone on for long enough, however long that is.
    return { ready, trail, sinceUs: since ?? (isHeld ? Number.NEGATIVE_INFINITY : null), isHeld };
  });
  const strays = new Set(standings.map(({ rule }) => rule).filter((rule) => !keys.has(rule)));
  return { rules: watched, strays: [...strays] };
}

function judge(watched: Watched, reading: ScoredReading, steps: Steps): void {
  const { ready, trail } = watched;
  const { timestampUs, value } = reading;
  const quantity = trail === null ? value : trail.rateTo(timestampUs, value);
  trail?.follow(timestampUs, value);
  if (quantity === undefined) return;
  const verdict = ready.isDue(timestampUs) ? ready.judge(quantity) : "well";
  if (verdict === "near") return;
  if (verdict === "well") {
    if (watched.sinceUs === null) return;
    watched.sinceUs = null;
    watched.isHeld = false;
    steps.end(reading, ready.key);
    return;
  }
  if (watched.sinceUs === null) {
    watched.sinceUs = timestampUs;
    if (ready.forUs > 0) steps.begin(reading, ready.key, timestampUs);
  }
  if (timestampUs - watched.sinceUs < ready.forUs) return;
  watched.isHeld = true;
  steps.strike(watched, reading, quantity);
}

/** A value that comes late is told all the same; what goes on is for the newer ones to say. */
function judgeLate(watched: Watched, reading: ScoredReading, steps: Steps): void {
  const { ready, trail } = watched;
  if (trail !== null || ready.forUs > 0 || !ready.isDue(reading.timestampUs)) return;
  if (ready.judge(reading.value) === "broken") steps.strike(watched, reading, reading.value);
}

export const noSteps: RuleSteps = { strikes: [], ends: [], begins: [] };

/** Gathers the steps of a batch; of what begins and ends in it again and again the last counts. */
class Steps {
  readonly #strikes: { watched: Watched; reading: ScoredReading; quantity: number }[] = [];
  readonly #ends = new Map<string, RuleSteps["ends"][number]>();
  readonly #begins = new Map<string, RuleSteps["begins"][number]>();

  strike(watched: Watched, reading: ScoredReading, quantity: number): void {
    this.#strikes.push({ watched, reading, quantity });
  }

  begin({ deviceId, sensorType }: SeriesKey, rule: string, sinceUs: number): void {
    this.#begins.set(`${deviceId}/${sensorType}/${rule}`, { deviceId, sensorType, rule, sinceUs });
  }

  end({ deviceId, sensorType }: SeriesKey, rule: string): void {
    const name = `${deviceId}/${sensorType}/${rule}`;
    this.#begins.delete(name);
    this.#ends.set(name, { deviceId, sensorType, rule });
  }

  sum(): RuleSteps {
    if (this.#strikes.length + this.#ends.size + this.#begins.size === 0) return noSteps;
    const strikes = this.#strikes.map(({ watched: { ready, isHeld }, reading, quantity }) => ({
      ...{ deviceId: reading.deviceId, sensorType: reading.sensorType, rule: ready.key },
      ...{ timestampUs: reading.timestampUs, value: reading.value },
      score: ready.scoreOf(quantity),
      severity: rankOfSeverity(ready.rule.severity),
      sentence: ready.sentence(reading.value, quantity),
      expected: ready.expected,
      // As it stands at the end of the batch.
      holds: isHeld,
      clearSeconds: ready.rule.clearSeconds,
    }));
    return { strikes, ends: [...this.#ends.values()], begins: [...this.#begins.values()] };
  }
}

function bySeries<T extends SeriesKey>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

// Neither part can contain a slash: each is one level of an MQTT topic.
function nameOf({ deviceId, sensorType }: SeriesKey): string {
  return `${deviceId}/${sensorType}`;
}
