import { type Kysely, sql } from "kysely";
import { type HistorySeries, historyAnomalyLimit } from "../../schema/history.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import { bandsOf } from "./bands-sql.ts";
import type { HistoryStore, HistoryWish } from "./ports.ts";
import { asReadings, inSteps, type Prospect, piecesOf, type Resolution, widened } from "./resolution.ts";
import { anomaliesOf, type Columns, readingsOf, stepsOf } from "./series-sql.ts";
import { type HistoryState, isContinuous, readState } from "./state-sql.ts";

/** Most points in an answer. */
const mostPoints = 200_000;
/** Most readings that are read for an answer where minutes would do. */
const mostRead = 200_000;

/** Opens what charts are drawn from. */
export function openHistoryStore({ db }: Database): HistoryStore {
  let continuous: boolean | undefined;
  return {
    history: (wish) =>
      asking(`read the history of ${wish.deviceIds.length} devices`, async () => {
        continuous ??= await isContinuous(db);
        // Before the rows are read: what is rolled up meanwhile is still among the readings.
        const state = await readState(db);
        const ends = { minutesUntilUs: Number.POSITIVE_INFINITY, hoursUntilUs: Number.POSITIVE_INFINITY };
        return history(db, wish, continuous ? { ...state, ...ends } : state);
      }),
  };
}

/** How a series is drawn. */
interface Plan {
  readonly key: SeriesKey;
  readonly prospect: Prospect;
  readonly resolution: Resolution;
}

async function history(
  db: Kysely<Tables>,
  wish: HistoryWish,
  state: HistoryState,
): Promise<readonly HistorySeries[]> {
  const asked = await seriesAsked(db, wish);
  if (asked.length === 0) return [];
  const points = Math.max(2, Math.min(wish.points, Math.floor(mostPoints / asked.length)));
  const range = { ...wish, points };
  const plans = asked.map(({ gapMs, ...key }): Plan => {
    const prospect = prospectOf(wish, state, { gapMs, series: asked.length });
    return { key, prospect, resolution: asReadings(range, prospect) ?? inSteps(range, prospect) };
  });
  const [drawn, anomalies, bands] = await Promise.all([
    drawAll(db, plans, { range, state }),
    anomaliesOf(db, asked, { ...wish, limit: historyAnomalyLimit }),
    bandsOf(db, asked, range),
  ]);
  return plans.map((plan, place) => ({
    ...plan.key,
    ...{ level: "raw" as const, stepSeconds: null, ts: [], mean: [], anomalies: [], anomaliesLeftOff: 0 },
    ...drawn.get(plan),
    ...anomalies[place],
    expected: bands[place] ?? [],
  }));
}

async function seriesAsked(
  db: Kysely<Tables>,
  { deviceIds, sensorTypes }: HistoryWish,
): Promise<readonly (SeriesKey & { readonly gapMs: number | null })[]> {
  const devices = sql`${[...deviceIds]}::text[]`;
  const { rows } = await sql<SeriesKey & { gapMs: number | null }>`
    SELECT DISTINCT device_id AS "deviceId", sensor_type AS "sensorType", gap_ms AS "gapMs"
    FROM (SELECT device_id, sensor_type, gap_ms FROM device_latest WHERE device_id = ANY(${devices})) known
    ${
      sensorTypes === null
        ? sql``
        : sql`RIGHT JOIN (SELECT * FROM unnest(${devices}) device_id, unnest(${[...sensorTypes]}::text[]) sensor_type) named
      USING (device_id, sensor_type)`
    }
    ORDER BY 1, 2`.execute(db);
  return rows;
}

function prospectOf(
  { fromUs, toUs }: HistoryWish,
  { readingsSinceUs, minutesSinceUs }: HistoryState,
  { gapMs, series }: { gapMs: number | null; series: number },
): Prospect {
  return {
    expected: gapMs === null ? 0 : (toUs - fromUs) / 1000 / gapMs,
    hasReadings: fromUs >= readingsSinceUs,
    hasMinutes: fromUs >= minutesSinceUs,
    mostRead: mostRead / series,
  };
}

interface Canvas {
  readonly range: HistoryWish;
  readonly state: HistoryState;
}

type Drawn = Resolution & Columns;

/** Draws as planned, and in steps what has more readings than points after all. */
async function drawAll(
  db: Kysely<Tables>,
  plans: readonly Plan[],
  canvas: Canvas,
): Promise<ReadonlyMap<Plan, Drawn>> {
  const { range } = canvas;
  const drawn = new Map(await draw(db, plans, canvas));
  const crowded = plans.filter((plan) => (drawn.get(plan)?.ts.length ?? 0) > range.points);
  const sparser = new Map(
    crowded.map((plan) => [{ ...plan, resolution: inSteps(range, plan.prospect) }, plan]),
  );
  for (const [plan, columns] of await draw(db, [...sparser.keys()], canvas)) {
    drawn.set(sparser.get(plan) ?? plan, columns);
  }
  return drawn;
}

/** One statement for all that are drawn alike. */
async function draw(
  db: Kysely<Tables>,
  plans: readonly Plan[],
  canvas: Canvas,
): Promise<readonly (readonly [Plan, Drawn])[]> {
  const alike = new Map<string, { resolution: Resolution; group: Plan[] }>();
  for (const plan of plans) {
    const { resolution } = plan;
    const name = `${resolution.level} ${resolution.stepSeconds}`;
    const { group } = alike.get(name) ?? { group: [] };
    alike.set(name, { resolution, group: [...group, plan] });
  }
  const groups = await Promise.all(
    [...alike.values()].map(async ({ resolution, group }) => {
      const columns = await columnsOf(db, group, { ...canvas, resolution });
      return group.flatMap((plan, place) => {
        const own = columns[place];
        return own === undefined ? [] : [[plan, { ...resolution, ...own }] as const];
      });
    }),
  );
  return groups.flat();
}

function columnsOf(
  db: Kysely<Tables>,
  plans: readonly Plan[],
  { range, state, resolution: { level, stepSeconds } }: Canvas & { resolution: Resolution },
): Promise<readonly Columns[]> {
  const keys = plans.map(({ key }) => key);
  // One more than asked for tells that there are too many.
  if (stepSeconds === null) return readingsOf(db, keys, { ...range, limit: range.points + 1 });
  const pieces = piecesOf(level, widened(range, stepSeconds), state);
  return stepsOf(db, keys, { pieces, stepSeconds });
}
