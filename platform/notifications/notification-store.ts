import { type Kysely, sql, type UpdateObject } from "kysely";
import type { NotificationSummary, PlannedNotification } from "../../schema/notification.ts";
import { subjectOf } from "../../schema/notification-message.ts";
import type { Labels } from "../../schema/provisioning.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { inMs, micros, recordChange, removeOld, toInstant } from "../database/sql.ts";
import type { Backlog, NotificationOutcome, NotificationStore, TakenMessage } from "./notification-ports.ts";
import { takeMessage } from "./notification-store-take.ts";

/** Opens the store of what is to be told. Everything is judged by the clock of the database, which all processes share. */
export function openNotificationStore({ db }: Database): NotificationStore {
  return { ...forProcessors(db), ...forOperators(db) };
}

function forProcessors(db: Kysely<Tables>) {
  return {
    labelsOf: (deviceIds) => asking("read the labels of devices", () => labelsOf(db, deviceIds)),
    queue: (planned) => asking(`queue ${planned.length} notifications`, () => queue(db, planned)),
    take: (leaseMs) =>
      asking("take a notification", () =>
        db.transaction().execute((transaction) => takeMessage(transaction, leaseMs)),
      ),
    sent: (message) => end(db, message, { state: "sent", sent_at: inMs(0), last_error: null }),
    failed: (message, { reason: last_error, retryMs }) => {
      const over = message.content.kind === "test" ? "discarded" : "dead";
      return end(db, message, {
        last_error,
        ...(retryMs === null ? { state: over } : { due_at: inMs(retryMs) }),
      });
    },
    giveBack: (message) => end(db, message, { due_at: inMs(0), attempts: message.attempts - 1 }),
    backlog: () => asking("count the notifications that wait", () => backlog(db)),
    forgetOlderThan: (days) =>
      asking("forget old notifications", () => {
        const isOld = sql`queued_at < now() - ${days} * interval '1 day' AND state <> 'waiting'`;
        return removeOld(db, { table: "notifications", isOld, by: "queued_at" });
      }),
  } satisfies Partial<NotificationStore>;
}

function forOperators(db: Kysely<Tables>) {
  return {
    list: ({ state, routeId, after, limit }) =>
      asking("list the notifications", async () => {
        let select = summaries(db);
        if (state !== undefined) select = select.where("state", "=", state);
        if (routeId !== undefined) select = select.where("route_id", "=", routeId);
        if (after !== undefined) select = select.where("number", "<", after);
        return (await select.orderBy("number", "desc").limit(limit).execute()).map(toSummary);
      }),
    find: (id) => asking(`read notification ${id}`, () => find(db, id)),
    retry: (id, by) => decide(db, { id, by, wish: "retry" }),
    discard: (id, by) => decide(db, { id, by, wish: "discard" }),
    queueTest: (routeId, by) =>
      asking("queue a test message", async () => {
        const content = JSON.stringify({ kind: "test", by });
        const { rows } = await sql<{ id: string }>`
          INSERT INTO notifications (route_id, kind, severity, score, content)
          SELECT id, 'test', 'minor', 0, ${content}::jsonb FROM notification_routes WHERE id = ${routeId}
          RETURNING id`.execute(db);
        return rows[0]?.id ?? null;
      }),
    abandonTest: (id) =>
      asking("call a test message back", async () => {
        const unwanted = { state: "discarded", last_error: "nobody waited for it any more" } as const;
        await waiting(db, id).set(unwanted).where("kind", "=", "test").execute();
      }),
  } satisfies Partial<NotificationStore>;
}

/** Notes what became of a message, and that its route is free for the next sender. The route first, as everywhere: or two would wait for each other. */
function end(
  db: Kysely<Tables>,
  { id, route }: TakenMessage,
  what: UpdateObject<Tables, "notifications">,
): Promise<void> {
  return asking(`note what became of notification ${id}`, () =>
    db.transaction().execute(async (transaction) => {
      await transaction
        .updateTable("notification_routes")
        .set({ served_until: inMs(0) })
        .where("id", "=", route.id)
        .execute();
      await waiting(transaction, id).set(what).execute();
    }),
  );
}

async function backlog(db: Kysely<Tables>): Promise<Backlog> {
  const { rows } = await sql<{ waiting: number; dead: number; oldest: number | null }>`
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead,
      extract(epoch FROM now() - min(queued_at) FILTER (
        WHERE state = 'waiting' AND (attempts > 0 OR due_at <= now())))::double precision AS oldest
    FROM notifications WHERE state IN ('waiting', 'dead')`.execute(db);
  const [found] = rows;
  return {
    waiting: found?.waiting ?? 0,
    dead: found?.dead ?? 0,
    oldestSeconds: Math.max(0, found?.oldest ?? 0),
  };
}

async function labelsOf(
  db: Kysely<Tables>,
  deviceIds: readonly string[],
): Promise<ReadonlyMap<string, Labels>> {
  const { rows } = await sql<{ user_name: string; labels: Labels }>`
    SELECT user_name, labels FROM principals WHERE user_name = ANY(${[...deviceIds]}::text[])`.execute(db);
  return new Map(rows.map(({ user_name, labels }) => [user_name, labels]));
}

/** Joined, since a route may have been removed since it was looked at. */
async function queue(db: Kysely<Tables>, planned: readonly PlannedNotification[]): Promise<number> {
  if (planned.length === 0) return 0;
  const column = <T>(of: (notification: PlannedNotification) => T): T[] => planned.map(of);
  const { rows } = await sql`
    INSERT INTO notifications (route_id, kind, alarm_id, alarm_version, severity, score, content, due_at)
    SELECT route_id, 'alarm', alarm_id, alarm_version, severity, score, content::jsonb,
      coalesce(${toInstant(sql`due_us`)}, now())
    FROM unnest(
      ${column(({ routeId }) => routeId)}::bigint[],
      ${column(({ event }) => event.alarm.id)}::bigint[],
      ${column(({ event }) => event.alarm.version)}::integer[],
      ${column(({ severity }) => severity)}::text[],
      ${column(({ event }) => event.alarm.peak.score)}::real[],
      ${column(({ event }) => JSON.stringify({ kind: "alarm", event }))}::text[],
      ${column(({ dueUs }) => dueUs)}::bigint[]
    ) WITH ORDINALITY AS t(route_id, alarm_id, alarm_version, severity, score, content, due_us, place)
    JOIN notification_routes ON notification_routes.id = route_id
    ORDER BY place
    ON CONFLICT (alarm_id, alarm_version, route_id) DO NOTHING RETURNING id`.execute(db);
  return rows.length;
}

/** What is still to be told of this id; nobody ends what was ended meanwhile. */
function waiting(db: Kysely<Tables>, id: string) {
  return db.updateTable("notifications").where("id", "=", id).where("state", "=", "waiting");
}

async function find(db: Kysely<Tables>, id: string): Promise<NotificationSummary | null> {
  const row = await summaries(db).where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : toSummary(row);
}

function decide(
  db: Kysely<Tables>,
  { id, by, wish }: { id: string; by: string; wish: "retry" | "discard" },
): Promise<NotificationOutcome> {
  return asking(`${wish} notification ${id}`, () =>
    db.transaction().execute(async (transaction) => {
      const row = await summaries(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
      if (row === undefined) return { kind: "unknown" };
      const before = toSummary(row);
      if (before.state !== "waiting" && before.state !== "dead")
        return { kind: "impossible", notification: before };
      await transaction
        .updateTable("notifications")
        .set(wish === "retry" ? { state: "waiting", due_at: inMs(0), attempts: 0 } : { state: "discarded" })
        .where("id", "=", id)
        .execute();
      const { subject: target, alarmId, alarmVersion, routeId } = before;
      await recordChange(transaction, {
        ...{ by, action: `notification.${wish}`, target },
        before: { id, routeId, alarmId, alarmVersion, state: before.state, attempts: before.attempts },
        after: { state: wish === "retry" ? "waiting" : "discarded" },
      });
      return { kind: "done", notification: (await find(transaction, id)) ?? before };
    }),
  );
}

function summaries(db: Kysely<Tables>) {
  return db
    .selectFrom("notifications")
    .select(["id", "number", "route_id", "kind", "alarm_id", "alarm_version", "severity", "content"])
    .select(["state", "digest_id", "attempts", "last_error"])
    .select([
      micros("queued_at").as("queued_us"),
      micros("due_at").as("due_us"),
      sql<number | null>`${micros("sent_at")}`.as("sent_us"),
    ]);
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaries>["execute"]>>[number];

function toSummary(row: SummaryRow): NotificationSummary {
  return {
    id: row.id,
    number: row.number,
    routeId: row.route_id,
    kind: row.kind,
    alarmId: row.alarm_id,
    alarmVersion: row.alarm_version,
    severity: row.severity,
    subject: subjectOf(row),
    state: row.state,
    digestId: row.digest_id,
    attempts: row.attempts,
    lastError: row.last_error,
    queuedUs: row.queued_us,
    dueUs: row.due_us,
    sentUs: row.sent_us,
  };
}
