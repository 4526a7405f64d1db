import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import { asking } from "../database/database.ts";
import { micros, toInstant } from "../database/sql.ts";
import type { SeriesKey } from "../readings/shard-batch.ts";
import type { ExportQuery } from "./export-ports.ts";

/** Series whose beginnings are read with one statement, so that many short ones do not cost one each. */
const seriesAtOnce = 50;
const pointsOfEach = 100;
/** Readings of one statement, when a series is longer than its beginning. */
const pointsAtOnce = 5000;

/** Readings of one series that follow each other in time, in whatever form they are read. */
export interface Stretch<Content> extends SeriesKey {
  readonly content: Content;
}

interface Page<Content> {
  readonly count: number;
  /** Of the last one. */
  readonly lastUs: number;
  readonly content: Content;
}

/** The form in which readings are read: an aggregate over rows with the columns of `readings` and `us`, in the order of `us`. */
export interface Form<Content> {
  readonly aggregate: RawBuilder<Content>;
}

interface PageRow<Content> {
  readonly place: number;
  readonly count: number;
  readonly last_us: number;
  readonly content: Content;
}

/** Walks the readings of a query by their key, series after series. */
export async function* walk<Content>(
  db: Kysely<Tables>,
  query: ExportQuery,
  form: Form<Content>,
): AsyncGenerator<Stretch<Content>> {
  let after: SeriesKey = { deviceId: "", sensorType: "" };
  for (;;) {
    const keys = await nextSeries(db, query, after);
    const last = keys.at(-1);
    if (last === undefined) return;
    for (const { place, ...first } of await beginnings(db, { query, keys, form }))
      yield* walkSeries(db, { query, key: keys[place - 1] ?? last, form, first });
    if (keys.length < seriesAtOnce) return;
    after = last;
  }
}

interface Walked<Content> {
  readonly query: ExportQuery;
  readonly key: SeriesKey;
  readonly form: Form<Content>;
  readonly first: Page<Content>;
}

/** A beginning and what follows it; the next page is asked for while the one before is taken. */
async function* walkSeries<Content>(
  db: Kysely<Tables>,
  { query, key, form, first }: Walked<Content>,
): AsyncGenerator<Stretch<Content>> {
  let page: Page<Content> | undefined = first;
  let full = pointsOfEach;
  while (page !== undefined) {
    const rest = { query: { ...query, fromUs: page.lastUs + 1 }, key, form };
    const following: Promise<Page<Content> | undefined> =
      page.count < full ? Promise.resolve(undefined) : nextPage(db, rest);
    // Whoever stops taking never comes to wait for it.
    following.catch(() => undefined);
    yield { ...key, content: page.content };
    page = await following;
    full = pointsAtOnce;
  }
}

function nextSeries(db: Kysely<Tables>, query: ExportQuery, after: SeriesKey): Promise<SeriesKey[]> {
  const { deviceIds, sensorTypes } = query;
  return asking("list the series to export", async () => {
    let select = db
      .selectFrom("device_latest")
      .select(["device_id as deviceId", "sensor_type as sensorType"])
      .where(sql<boolean>`(device_id, sensor_type) > (${after.deviceId}, ${after.sensorType})`);
    if (deviceIds !== undefined)
      select = select.where("device_id", "=", (eb) => eb.fn.any(eb.val([...deviceIds])));
    if (sensorTypes !== undefined)
      select = select.where("sensor_type", "=", (eb) => eb.fn.any(eb.val([...sensorTypes])));
    return select.orderBy("device_id").orderBy("sensor_type").limit(seriesAtOnce).execute();
  });
}

const columns = sql`${micros("ts")} AS us, ts, value, score, is_anomaly, model_version`;

function within({ fromUs, toUs }: ExportQuery) {
  return sql`ts >= ${toInstant(sql`${fromUs}::bigint`)} AND ts < ${toInstant(sql`${toUs}::bigint`)}`;
}

function beginnings<Content>(
  db: Kysely<Tables>,
  { query, keys, form }: { query: ExportQuery; keys: readonly SeriesKey[]; form: Form<Content> },
): Promise<readonly (Page<Content> & { readonly place: number })[]> {
  return asking(`read the beginnings of ${keys.length} series`, async () => {
    const { rows } = await sql<PageRow<Content>>`
      SELECT place, count(*) AS count, max(us) AS last_us, ${form.aggregate} AS content FROM unnest(
        ${keys.map(({ deviceId }) => deviceId)}::text[], ${keys.map(({ sensorType }) => sensorType)}::text[]
      ) WITH ORDINALITY AS wanted(device_id, sensor_type, place)
      CROSS JOIN LATERAL (
        SELECT ${columns} FROM readings
        WHERE readings.device_id = wanted.device_id AND readings.sensor_type = wanted.sensor_type AND ${within(query)}
        ORDER BY ts LIMIT ${pointsOfEach}
      ) AS found GROUP BY place ORDER BY place`.execute(db);
    return rows.map((row) => ({ ...toPage(row), place: row.place }));
  });
}

function nextPage<Content>(
  db: Kysely<Tables>,
  { query, key, form }: { query: ExportQuery; key: SeriesKey; form: Form<Content> },
): Promise<Page<Content> | undefined> {
  return asking("read on in a series", async () => {
    const { rows } = await sql<PageRow<Content>>`
      SELECT count(*) AS count, max(us) AS last_us, ${form.aggregate} AS content FROM (
        SELECT ${columns} FROM readings
        WHERE device_id = ${key.deviceId} AND sensor_type = ${key.sensorType} AND ${within(query)}
        ORDER BY ts LIMIT ${pointsAtOnce}
      ) AS found HAVING count(*) > 0`.execute(db);
    return rows.map(toPage)[0];
  });
}

function toPage<Content>({ count, last_us: lastUs, content }: PageRow<Content>): Page<Content> {
  return { count, lastUs, content };
}
