import { type Kysely, sql } from "kysely";
import {
  type AlarmGroup,
  type AlarmSummary,
  anomalyRule,
  severityOfRank,
  stepOf,
} from "../../schema/alarm.ts";
import type { AlarmEvent, Shares } from "../../schema/event.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database, outlasting } from "../database/database.ts";
import { micros, recordChange, toInstant } from "../database/sql.ts";
import { endMembers, forgetCleared, isOpen, isUnseen, settle, settleRule } from "./alarm-end.ts";
import type { AlarmOrder, AlarmOutcome, AlarmStore, StormLimits } from "./alarm-ports.ts";
import { isShelved, raise } from "./alarm-raise.ts";
import { findStorms, gatherStorm, worsenGroups } from "./alarm-storms.ts";

/** Of the advisory lock of whoever announces, "alrm" in ASCII. */
const announceLock = 0x616c726d;
const announcedAtOnce = 200;

/** Opens the store of alarms. */
export function openAlarmStore(database: Database): AlarmStore {
  const { db } = database;
  return {
    list: (query) => asking("list the alarms", () => list(db, query)),
    find: (id) => asking(`read alarm ${id}`, () => find(db, id)),
    change: (id, order) =>
      // A storm locks itself and then its members, a batch the members in its own order.
      asking(`change alarm ${id}`, () =>
        outlasting(() => db.transaction().execute((transaction) => change(transaction, id, order))),
      ),
    raise: (raises) => asking(`raise ${raises.length} alarms`, () => raise(db, raises)),
    settleRule: (rule, keys) => asking(`clear the alarms of ${rule}`, () => settleRule(db, rule, keys)),
    settle: (clearMs) =>
      asking("clear the alarms that are quiet", async () => {
        await worsenGroups(db);
        return settle(db, clearMs);
      }),
    gather: (limits) => gather(database, limits),
    forgetCleared: (days) => asking("forget cleared alarms", () => forgetCleared(db, days)),
    announce: (say) => announce(database, say),
  };
}

async function list(
  db: Kysely<Tables>,
  { group, deviceId, sensorType, rule, atUs, of, isFolded, after, limit }: Parameters<AlarmStore["list"]>[0],
): Promise<readonly AlarmSummary[]> {
  let select = summaries(db);
  if (group !== undefined) select = select.where(inGroup(group));
  if (deviceId !== undefined) select = select.where("alarms.device_id", "=", deviceId);
  if (sensorType !== undefined) select = select.where("alarms.sensor_type", "=", sensorType);
  if (rule !== undefined) select = select.where("alarms.rule", "=", rule);
  if (atUs !== undefined)
    select = select.where(
      sql<boolean>`${toInstant(sql`${atUs}::bigint`)} BETWEEN alarms.raised_at AND alarms.last_at`,
    );
  if (of !== undefined) select = select.where("alarms.group_id", "=", of);
  if (isFolded === true) select = select.where("alarms.group_id", "is", null);
  if (after !== undefined) select = select.where("alarms.id", "<", after);
  const rows = await select.orderBy("alarms.id", "desc").limit(limit).execute();
  return rows.map(toSummary);
}

function inGroup(group: AlarmGroup) {
  switch (group) {
    case "open":
      return sql<boolean>`${isOpen} AND NOT ${isShelved}`;
    case "shelved":
      return sql<boolean>`${isOpen} AND ${isShelved}`;
    case "unseen":
      return isUnseen;
    case "raised":
    case "acknowledged":
    case "cleared":
      return sql<boolean>`alarms.state = ${group}`;
  }
}

async function find(db: Kysely<Tables>, id: number): ReturnType<AlarmStore["find"]> {
  const row = await summaries(db).where("alarms.id", "=", id).executeTakeFirst();
  if (row === undefined) return null;
  const events = await db
    .selectFrom("alarm_events")
    .select(["version", "change", "from_state as from", "to_state as to", "by", "comment", "verdict"])
    .select(micros("at").as("atUs"))
    .where("alarm_id", "=", id)
    .orderBy("version")
    .execute();
  return { alarm: toSummary(row), events };
}

async function change(transaction: Kysely<Tables>, id: number, order: AlarmOrder): Promise<AlarmOutcome> {
  const row = await summaries(transaction).where("alarms.id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) return { kind: "unknown" };
  const before = toSummary(row);
  if (before.version !== order.version) return { kind: "stale", alarm: before };
  const step = stepOf(before, order.wish);
  if (step === null) return { kind: "impossible", alarm: before };
  const version = before.version + 1;
  await transaction
    .updateTable("alarms")
    .set({ version, state: step.to, ...consequences(order, before) })
    .where("id", "=", id)
    .execute();
  await transaction
    .insertInto("alarm_events")
    .values({
      alarm_id: id,
      version,
      ...{ change: step.change, from_state: before.state, to_state: step.to },
      ...{ by: order.by, comment: order.comment },
      verdict: order.wish.kind === "feedback" ? order.wish.verdict : null,
    })
    .execute();
  const { kind } = order.wish;
  if (before.members > 0 && (kind === "acknowledge" || kind === "clear"))
    await endMembers(transaction, id, { by: order.by, kind });
  const alarm = toSummary(await summaries(transaction).where("alarms.id", "=", id).executeTakeFirstOrThrow());
  await recordChange(transaction, {
    by: order.by,
    action: `alarm.${order.wish.kind}`,
    target: alarm.deviceId,
    before: recorded(before),
    after: { ...recorded(alarm), ...(order.comment === null ? {} : { comment: order.comment }) },
  });
  return { kind: "changed", alarm };
}

/** What a wish changes beside the state. */
function consequences({ wish, by, comment }: AlarmOrder, { acknowledgedBy }: AlarmSummary) {
  switch (wish.kind) {
    case "acknowledge":
      return { acknowledged_by: by };
    case "comment":
      return {};
    case "assign":
      return { assignee: wish.assignee };
    case "shelve":
      return {
        shelved_until: wish.seconds > 0 ? sql<Date>`now() + ${wish.seconds} * interval '1 second'` : null,
      };
    case "clear":
      // Whoever clears it has seen it.
      return {
        ...{ cleared_at: sql<Date>`now()`, shelved_until: null },
        acknowledged_by: acknowledgedBy ?? by,
      };
    case "feedback":
      return wish.verdict === null
        ? { verdict: null, judged_by: null, judged_at: null, judged_note: null }
        : { verdict: wish.verdict, judged_by: by, judged_at: sql<Date>`now()`, judged_note: comment };
  }
}

/** What the record of changes has of an alarm. */
function recorded({ judgement, ...alarm }: AlarmSummary) {
  const { id, sensorType, rule, version, state, assignee, shelvedUntilUs } = alarm;
  const verdict = judgement?.verdict ?? null;
  return { id, sensorType, rule, version, state, assignee, shelvedUntilUs, verdict };
}

/** One look is all it takes while there is no storm. */
async function gather({ db, isSole }: Database, limits: StormLimits): Promise<boolean> {
  const storms = await asking("look for storms of alarms", () => findStorms(db, limits));
  if (storms.length === 0) return true;
  return asking(`gather ${storms.length} storms of alarms`, () =>
    db.transaction().execute(async (transaction) => {
      if (!isSole && !(await lockAnnouncing(transaction))) return false;
      for (const storm of storms) await gatherStorm(transaction, storm, limits);
      return true;
    }),
  );
}

async function lockAnnouncing(transaction: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    SELECT pg_try_advisory_xact_lock(${announceLock}) AS locked`.execute(transaction);
  return rows[0]?.locked === true;
}

function announce(
  { db, isSole }: Database,
  say: (events: readonly AlarmEvent[]) => Promise<void>,
): Promise<readonly AlarmEvent[]> {
  // The one connection of PGlite must not wait for what is said; its process is the only one there is.
  if (isSole) return announceNext(db, say);
  return db.transaction().execute(async (transaction) => {
    const isOurs = await asking("take the announcing of alarms", () => lockAnnouncing(transaction));
    return isOurs ? announceNext(transaction, say) : [];
  });
}

/** In the order of ids: whoever changes an alarm has it locked, so its next version has a higher one. */
async function announceNext(
  db: Kysely<Tables>,
  say: (events: readonly AlarmEvent[]) => Promise<void>,
): Promise<readonly AlarmEvent[]> {
  const rows = await asking("read what happened to alarms", () =>
    summaries(db)
      .innerJoin("alarm_events", "alarm_events.alarm_id", "alarms.id")
      .select([
        "alarm_events.id as event_id",
        "alarm_events.version as event_version",
        "change",
        "from_state",
        "to_state",
        "by",
        "comment",
        "alarm_events.verdict as event_verdict",
      ])
      .select(micros("alarm_events.at").as("at_us"))
      .where("announced_at", "is", null)
      .orderBy("alarm_events.id")
      .limit(announcedAtOnce)
      .execute(),
  );
  if (rows.length === 0) return [];
  const events = rows.map((row) => ({
    kind: "alarm" as const,
    deviceId: row.device_id,
    ...{ change: row.change, from: row.from_state, by: row.by, atUs: row.at_us, comment: row.comment },
    verdict: row.event_verdict,
    alarm: { ...toSummary(row), version: row.event_version, state: row.to_state },
  }));
  await say(events);
  const ids = rows.map((row) => row.event_id);
  await asking("note what was said of alarms", () =>
    sql`UPDATE alarm_events SET announced_at = now() WHERE id = ANY(${ids}::bigint[])`.execute(db),
  );
  return events;
}

/** Of the reading that the alarm shows; alarms of other rules have none. */
const sharesOfPeak = sql<Shares | null>`(SELECT shares FROM anomalies
  WHERE alarms.rule = ${anomalyRule} AND anomalies.device_id = alarms.device_id AND anomalies.sensor_type = alarms.sensor_type
    AND ts BETWEEN alarms.raised_at AND alarms.last_at
  ORDER BY anomalies.score DESC, ts LIMIT 1)`.as("shares");

function summaries(db: Kysely<Tables>) {
  return db
    .selectFrom("alarms")
    .select(["alarms.id", "alarms.version", "device_id", "sensor_type", "rule", "state", "anomalies"])
    .select(["severity", "peak_score", "peak_value", "peak_sentence", "expected_low", "expected_high"])
    .select(["acknowledged_by", "assignee", "group_id", "members"])
    .select(["alarms.verdict", "judged_by", "judged_note", sharesOfPeak])
    .select([
      sql<number | null>`${micros("judged_at")}`.as("judged_us"),
      micros("raised_at").as("raised_us"),
      micros("last_at").as("last_us"),
      sql<number | null>`${micros("cleared_at")}`.as("cleared_us"),
      sql<number | null>`CASE WHEN ${isShelved} THEN ${micros("shelved_until")} END`.as("shelved_until_us"),
    ]);
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaries>["execute"]>>[number];

function toSummary(row: SummaryRow): AlarmSummary {
  const { expected_low: low, expected_high: high } = row;
  return {
    id: row.id,
    deviceId: row.device_id,
    sensorType: row.sensor_type,
    rule: row.rule,
    severity: severityOfRank(row.severity),
    state: row.state,
    version: row.version,
    raisedUs: row.raised_us,
    lastUs: row.last_us,
    clearedUs: row.cleared_us,
    anomalies: row.anomalies,
    peak: {
      score: row.peak_score,
      value: row.peak_value,
      sentence:
        row.members === 0
          ? row.peak_sentence
          : `${row.members} devices at once; the worst is ${row.peak_sentence}`,
      expected: low === null || high === null ? null : { low, high },
      shares: row.shares ?? {},
    },
    acknowledgedBy: row.acknowledged_by,
    assignee: row.assignee,
    shelvedUntilUs: row.shelved_until_us,
    group: row.group_id,
    members: row.members,
    judgement: toJudgement(row),
  };
}

function toJudgement(row: SummaryRow): AlarmSummary["judgement"] {
  const { verdict, judged_by: by, judged_us: atUs, judged_note: note } = row;
  return verdict === null || by === null || atUs === null ? null : { verdict, by, atUs, note };
}
