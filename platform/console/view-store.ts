import { type Kysely, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import {
  type NewViewBody,
  type SavedView,
  savedViewLimit,
  type ViewChangeBody,
} from "../../schema/saved-view.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, recordChange } from "../database/sql.ts";
import type { SavedViewStore, ViewKeeper, ViewOutcome } from "./view-ports.ts";

/** Opens the store of saved views. */
export function openSavedViewStore({ db }: Database): SavedViewStore {
  return {
    list: (page, owner) =>
      asking("list the saved views", async () => {
        const rows = await select(db)
          .where("page", "=", page)
          .where(({ or, eb }) => or([eb("owner", "=", owner), eb("shared", "=", true)]))
          .orderBy("name")
          .orderBy("id")
          .execute();
        return rows.map((row) => toView(row, owner));
      }),
    add: (view, by) =>
      asking("save a view", () => db.transaction().execute((transaction) => add(transaction, view, by))),
    change: (id, change, by) =>
      asking("change a saved view", () =>
        db.transaction().execute((transaction) => changeView(transaction, id, { change, by })),
      ),
    remove: (id, by) =>
      asking("remove a saved view", () =>
        db.transaction().execute((transaction) => remove(transaction, id, by)),
      ),
  };
}

async function add(
  transaction: Kysely<Tables>,
  { page, name, query, isShared }: NewViewBody,
  by: ViewKeeper,
): Promise<ViewOutcome> {
  if (isShared && !by.mayShare) return { kind: "forbidden" };
  const { rows: names } = await sql<{ name: string }>`
    SELECT name FROM saved_views WHERE owner = ${by.name} AND page = ${page}`.execute(transaction);
  if (names.some((one) => one.name === name)) return { kind: "name-taken" };
  if (names.length >= savedViewLimit) return { kind: "too-many" };
  const added = await transaction
    .insertInto("saved_views")
    .values({ owner: by.name, page, name, query: JSON.stringify(query), shared: isShared })
    .onConflict((conflict) => conflict.columns(["owner", "page", "name"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  if (added === undefined) return { kind: "name-taken" };
  return settled(transaction, { by, id: added.id, before: null });
}

async function changeView(
  transaction: Kysely<Tables>,
  id: number,
  { change, by }: { readonly change: ViewChangeBody; readonly by: ViewKeeper },
): Promise<ViewOutcome> {
  const before = await seen(transaction, id, by);
  if ("kind" in before) return before;
  if (change.isShared === true && !before.isShared && !by.mayShare) return { kind: "forbidden" };
  if (change.name !== undefined && change.name !== before.name) {
    const namesake = await transaction
      .selectFrom("saved_views")
      .select("id")
      .where("owner", "=", before.owner)
      .where("page", "=", before.page)
      .where("name", "=", change.name)
      .executeTakeFirst();
    if (namesake !== undefined) return { kind: "name-taken" };
  }
  await transaction
    .updateTable("saved_views")
    .set({
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.query === undefined ? {} : { query: JSON.stringify(change.query) }),
      ...(change.isShared === undefined ? {} : { shared: change.isShared }),
      changed_at: sql`now()`,
    })
    .where("id", "=", id)
    .execute();
  return settled(transaction, { by, id, before });
}

async function remove(transaction: Kysely<Tables>, id: number, by: ViewKeeper): Promise<ViewOutcome> {
  const before = await seen(transaction, id, by);
  if ("kind" in before) return before;
  await transaction.deleteFrom("saved_views").where("id", "=", id).execute();
  await record(transaction, by, { before, after: null });
  return { kind: "done", view: before };
}

/** A view that somebody wants to change, held until that is done; or why they may not. Those that others keep for themselves are none. */
async function seen(
  transaction: Kysely<Tables>,
  id: number,
  { name, mayTidy }: ViewKeeper,
): Promise<SavedView | ViewOutcome> {
  const row = await select(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) return { kind: "unknown" };
  const view = toView(row, name);
  if (view.isOwn || (view.isShared && mayTidy)) return view;
  return { kind: view.isShared ? "forbidden" : "unknown" };
}

async function settled(
  transaction: Kysely<Tables>,
  { by, id, before }: { readonly by: ViewKeeper; readonly id: number; readonly before: SavedView | null },
): Promise<ViewOutcome> {
  const row = await select(transaction).where("id", "=", id).executeTakeFirstOrThrow();
  const view = toView(row, by.name);
  await record(transaction, by, { before, after: view });
  return { kind: "done", view };
}

/** What one keeps for oneself is nobody's business. */
async function record(
  transaction: Kysely<Tables>,
  { name: by }: ViewKeeper,
  { before, after }: { readonly before: SavedView | null; readonly after: SavedView | null },
): Promise<void> {
  if (before?.isShared !== true && after?.isShared !== true) return;
  const verb = before === null ? "add" : after === null ? "remove" : "change";
  const target = after?.name ?? before?.name ?? "";
  const told = (view: SavedView | null) =>
    view === null ? null : { name: view.name, query: view.query, isShared: view.isShared };
  const change = { action: `view.${verb}`, target, before: told(before), after: told(after) };
  await recordChange(transaction, { by, ...change });
}

function select(db: Kysely<Tables>) {
  return db
    .selectFrom("saved_views")
    .select(["id", "owner", "page", "name", "query", "shared"])
    .select(micros("changed_at").as("changed_us"));
}

type Found = Awaited<ReturnType<ReturnType<typeof select>["execute"]>>[number];

function toView(row: Found, asker: string): SavedView {
  return {
    id: row.id,
    // The columns hold what the schema let in.
    page: row.page as SavedView["page"],
    name: row.name,
    query: row.query as SavedView["query"],
    isShared: row.shared,
    owner: row.owner,
    isOwn: row.owner === asker,
    changedUs: row.changed_us,
  };
}
