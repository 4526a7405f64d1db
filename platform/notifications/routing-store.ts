import { type Kysely, sql, type UpdateObject } from "kysely";
import { channels, type NotificationRoute, type RouteSettings } from "../../schema/notification.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, recordChange } from "../database/sql.ts";
import type { RouteOutcome, RouteWish, RoutingStore } from "./notification-ports.ts";

/** Opens the book of where notifications go. */
export function openRoutingStore({ db }: Database): RoutingStore {
  return {
    list: () =>
      asking("list the notification routes", async () =>
        (await routes(db).orderBy("id").execute()).map(toRoute),
      ),
    add: (wish, secret, by) =>
      asking("add a notification route", () =>
        db.transaction().execute((transaction) => add(transaction, { wish, secret, by })),
      ),
    change: (id, { version, ...wish }, by) =>
      change(db, { id, version, by, what: "change" }, (transaction) => replace(transaction, id, wish)),
    setSecret: (id, { version, secret }, by) =>
      change(db, { id, version, by, what: "renew-secret" }, async (transaction) => {
        await set(transaction, id, { secret });
        return "done";
      }),
    remove: (id, { version }, by) =>
      change(db, { id, version, by, what: "remove" }, async (transaction) => {
        await transaction.deleteFrom("notification_routes").where("id", "=", id).execute();
        return "removed";
      }),
  };
}

interface Change {
  readonly id: number;
  readonly version: number;
  readonly by: string;
  readonly what: string;
}

/** Makes a change to the route as it was looked at, on record. */
function change(
  db: Kysely<Tables>,
  { id, version, by, what }: Change,
  make: (transaction: Kysely<Tables>) => Promise<"done" | "removed" | "name-taken">,
): Promise<RouteOutcome> {
  return asking(`${what} notification route ${id}`, () =>
    db.transaction().execute(async (transaction): Promise<RouteOutcome> => {
      const row = await routes(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
      if (row === undefined) return { kind: "unknown" };
      const before = toRoute(row);
      if (before.version !== version) return { kind: "stale", route: before };
      const made = await make(transaction);
      if (made === "name-taken") return { kind: made };
      const after = made === "removed" ? null : await read(transaction, id);
      const action = `notification-route.${what}`;
      await recordChange(transaction, { by, action, target: before.name, before, after });
      return { kind: "done", route: after ?? before };
    }),
  );
}

async function replace(
  transaction: Kysely<Tables>,
  id: number,
  { settings, url }: RouteWish,
): Promise<"done" | "name-taken"> {
  const others = transaction.selectFrom("notification_routes").select("id").where("id", "<>", id);
  if ((await others.where("name", "=", settings.name).execute()).length > 0) return "name-taken";
  await set(transaction, id, { ...columnsOf(settings), ...(url === undefined ? {} : { url }) });
  if (!settings.isEnabled) await discardWaiting(transaction, id);
  return "done";
}

function set(
  transaction: Kysely<Tables>,
  id: number,
  what: UpdateObject<Tables, "notification_routes">,
): Promise<unknown> {
  return transaction
    .updateTable("notification_routes")
    .set({ ...what, version: sql<number>`version + 1` })
    .where("id", "=", id)
    .execute();
}

async function add(
  transaction: Kysely<Tables>,
  { wish, secret, by }: { wish: RouteWish; secret: string | null; by: string },
): Promise<RouteOutcome> {
  const added = await transaction
    .insertInto("notification_routes")
    .values({ ...columnsOf(wish.settings), url: wish.url ?? null, secret })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (added === undefined) return { kind: "name-taken" };
  const route = await read(transaction, added.id);
  const action = "notification-route.add";
  await recordChange(transaction, { by, action, target: route.name, before: null, after: route });
  return { kind: "done", route };
}

async function read(transaction: Kysely<Tables>, id: number): Promise<NotificationRoute> {
  return toRoute(await routes(transaction).where("id", "=", id).executeTakeFirstOrThrow());
}

function discardWaiting(transaction: Kysely<Tables>, routeId: number): Promise<unknown> {
  return transaction
    .updateTable("notifications")
    .set({ state: "discarded", last_error: "the route was switched off" })
    .where("route_id", "=", routeId)
    .where("state", "=", "waiting")
    .execute();
}

function columnsOf({ name, channel, isEnabled, ...settings }: RouteSettings) {
  return { name, channel, enabled: isEnabled, settings: JSON.stringify(settings) };
}

function routes(db: Kysely<Tables>) {
  return db
    .selectFrom("notification_routes")
    .select(["id", "name", "version", "enabled", "channel", "settings"])
    .select([
      micros("created_at").as("created_us"),
      // The path of a webhook is often its password.
      sql<string | null>`substring(url FROM '^https?://(?:[^/?#]*@)?([^/?#]*)')`.as("host"),
    ]);
}

type RouteRow = Awaited<ReturnType<ReturnType<typeof routes>["execute"]>>[number];

function toRoute({ id, version, created_us, host, ...row }: RouteRow): NotificationRoute {
  return {
    ...row.settings,
    ...{ id, version, name: row.name, isEnabled: row.enabled, url: host, createdUs: created_us },
    // Its own check lets no other word in.
    channel: channels.find((channel) => channel === row.channel) ?? "webhook",
  };
}
