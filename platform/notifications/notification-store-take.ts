import { type Kysely, sql } from "kysely";
import { type NotificationContent, nextMessage, type Standing, worstInDigest } from "../../schema/digest.ts";
import { channels, type NotificationRoute } from "../../schema/notification.ts";
import type { Tables } from "../../schema/row.ts";
import { severities } from "../../schema/scored.ts";
import { inMs, micros, toInstant } from "../database/sql.ts";
import type { TakenMessage } from "./notification-ports.ts";

interface Lane {
  readonly route: NotificationRoute;
  readonly url: string | null;
  readonly secret: string | null;
}

/**
 * Takes the next message of a route that nobody else sends for. A route has one sender at a time: so its messages keep their order, its
 * limit counts right, and a slow receiver takes the time of no other route.
 */
export async function takeMessage(
  transaction: Kysely<Tables>,
  leaseMs: number,
): Promise<TakenMessage | null> {
  for (;;) {
    const lane = await freeLane(transaction);
    if (lane === null) return null;
    await discardShelved(transaction, lane.route.id);
    const id = await nextOn(transaction, lane.route);
    // What was due is kept for a digest; another route may have something.
    if (id === null) continue;
    await transaction
      .updateTable("notification_routes")
      .set({ served_until: inMs(leaseMs) })
      .where("id", "=", lane.route.id)
      .execute();
    const { rows } = await sql<{ content: NotificationContent; severity: string; attempts: number }>`
      UPDATE notifications SET attempts = attempts + 1, due_at = ${inMs(leaseMs)} WHERE id = ${id}::uuid
      RETURNING content, severity, attempts`.execute(transaction);
    const [taken] = rows;
    if (taken !== undefined) return { id, ...taken, ...lane };
  }
}

/** A route with something due that nobody serves, the one that has waited longest; locked. */
async function freeLane(transaction: Kysely<Tables>): Promise<Lane | null> {
  const row = await transaction
    .selectFrom("notification_routes")
    .select(["id", "name", "version", "enabled", "channel", "settings", "url", "secret"])
    .select(micros("created_at").as("created_us"))
    .where(sql<boolean>`(served_until IS NULL OR served_until <= now())`)
    .where(
      sql<boolean>`EXISTS (SELECT 1 FROM notifications WHERE route_id = notification_routes.id AND state = 'waiting'
        AND due_at <= now() AND (enabled OR kind = 'test'))`,
    )
    .orderBy(sql`served_until NULLS FIRST`)
    .limit(1)
    // Not so hard a lock that it would keep others from queueing for this route.
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (row === undefined) return null;
  const { settings, url, secret, enabled, created_us, ...rest } = row;
  const channel = channels.find((name) => name === row.channel) ?? "webhook";
  return {
    route: { ...settings, ...rest, channel, isEnabled: enabled, url, createdUs: created_us },
    url,
    secret,
  };
}

const isDue = sql<boolean>`state = 'waiting' AND due_at <= now()`;
/** What waits for nothing but its turn: not for the hours of its route. */
const isReady = sql<boolean>`state = 'waiting' AND kind = 'alarm' AND (due_at <= now() OR gathers)`;

/** Whoever put an alarm on the shelf knows of it, and nobody else is to. */
async function discardShelved(transaction: Kysely<Tables>, routeId: number): Promise<void> {
  await sql`
    UPDATE notifications SET state = 'discarded', last_error = 'the alarm was shelved' FROM alarms
    WHERE route_id = ${routeId} AND notifications.state = 'waiting' AND kind = 'alarm' AND (due_at <= now() OR gathers)
      AND alarms.id = alarm_id AND shelved_until > now() AND content -> 'event' ->> 'change' <> 'shelved'`.execute(
    transaction,
  );
}

/** The id of what is to be sent next on a route, by its limit; null when all that is due is kept for a digest. */
async function nextOn(transaction: Kysely<Tables>, route: NotificationRoute): Promise<string | null> {
  const { rows } = await sql<{ id: string; kind: string }>`
    SELECT id, kind FROM notifications AS due
    WHERE route_id = ${route.id} AND ${isDue} AND (${route.isEnabled} OR kind = 'test') AND NOT EXISTS (
      SELECT 1 FROM notifications AS earlier WHERE earlier.route_id = due.route_id AND earlier.state = 'waiting'
        AND earlier.alarm_id = due.alarm_id AND earlier.alarm_version < due.alarm_version)
    ORDER BY kind = 'test' DESC, due_at, number LIMIT 1`.execute(transaction);
  const [first] = rows;
  if (first !== undefined && first.kind !== "alarm") return first.id;
  const next = nextMessage(route.digest, await standingOf(transaction, route));
  if (next.kind === "single" && first !== undefined) return first.id;
  if (next.kind === "digest") return makeDigest(transaction, route.id);
  // The version before is being tried again: what follows on it waits as long.
  const until =
    next.kind === "wait" ? toInstant(sql`${Math.round(next.untilMs * 1000)}::bigint`) : inMs(1000);
  await sql`
    UPDATE notifications SET due_at = ${until}, gathers = gathers OR ${next.kind === "wait"}
    WHERE route_id = ${route.id} AND ${isDue} AND kind = 'alarm'`.execute(transaction);
  return null;
}

async function standingOf(transaction: Kysely<Tables>, { id, digest }: NotificationRoute): Promise<Standing> {
  const { rows } = await sql<Standing>`
    SELECT extract(epoch FROM now())::double precision * 1000 AS "nowMs",
      (SELECT count(*) FROM notifications WHERE route_id = ${id} AND state = 'sent' AND kind <> 'test'
        AND sent_at > now() - ${digest.withinSeconds} * interval '1 second') AS "sentRecently",
      (SELECT extract(epoch FROM max(queued_at))::double precision * 1000 FROM notifications
        WHERE route_id = ${id} AND kind = 'digest') AS "lastDigestMs",
      (SELECT extract(epoch FROM min(queued_at))::double precision * 1000 FROM notifications
        WHERE route_id = ${id} AND ${isReady}) AS "oldestMs",
      EXISTS (SELECT 1 FROM notifications WHERE route_id = ${id} AND ${isReady} AND gathers) AS "isGathering"`.execute(
    transaction,
  );
  const [standing] = rows;
  if (standing === undefined) throw new Error("a question without FROM has one row");
  return standing;
}

/** Makes one notification of all that waits on a route, but for what its hours keep; answers with its id. */
async function makeDigest(transaction: Kysely<Tables>, routeId: number): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    WITH digest AS (SELECT gen_random_uuid() AS id), parts AS (
      UPDATE notifications SET state = 'digested', digest_id = digest.id FROM digest
      WHERE route_id = ${routeId} AND (${isReady} OR state = 'waiting' AND kind = 'alarm' AND attempts > 0)
      RETURNING notifications.id, severity, score, notifications.content -> 'event' AS event,
        array_position(${[...severities]}::text[], severity) AS rank
    ), counts AS (
      SELECT rank, severity, event ->> 'change' AS change, count(*) AS count FROM parts GROUP BY 1, 2, 3
    ), worst AS (SELECT * FROM parts ORDER BY rank DESC, score DESC LIMIT ${worstInDigest})
    INSERT INTO notifications (id, route_id, kind, severity, score, content)
    SELECT digest.id, ${routeId}::bigint, 'digest', (SELECT severity FROM worst ORDER BY rank DESC LIMIT 1),
      (SELECT max(score) FROM parts), json_build_object('kind', 'digest', 'total', (SELECT count(*) FROM parts),
        'counts', (SELECT json_agg(json_build_object('severity', severity, 'change', change, 'count', count)
          ORDER BY rank DESC, change DESC) FROM counts),
        'worst', (SELECT json_agg(json_build_object('id', id, 'severity', severity, 'event', event)
          ORDER BY rank DESC, score DESC) FROM worst))
    FROM digest WHERE EXISTS (SELECT 1 FROM parts) RETURNING id`.execute(transaction);
  return rows[0]?.id ?? null;
}
