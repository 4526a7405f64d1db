import { setTimeout as pause } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { Role } from "../../schema/access.ts";
import { nameOf, type Operator } from "../../schema/operator.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { hold } from "../database/held-connection.ts";
import { micros, recordChange, roleOf } from "../database/sql.ts";
import type { Running } from "../ports.ts";
import type { NewOperator, OperatorChange, OperatorStore } from "./operator-ports.ts";

/** Key of the advisory lock of whoever offers to make the first admin, "admn" in ASCII. */
const offerSpace = 0x61646d6e;
const lingerMs = 3000;
const lookMs = 100;

/** Opens the store of operators. */
export function openOperatorStore(database: Database): OperatorStore {
  const { db } = database;
  return {
    list: () =>
      asking("list the operators", async () =>
        (await select(db).orderBy("name").execute()).map(withoutPassword),
      ),
    find: (name) =>
      asking("find an operator", async () => {
        const row = await select(db).where("name", "=", name).executeTakeFirst();
        return row === undefined ? null : { ...withoutPassword(row), passwordHash: row.password };
      }),
    add: (operator, by) =>
      asking("add an operator", () =>
        db.transaction().execute((transaction) => add(transaction, operator, { by, action: "operator.add" })),
      ),
    change: (name, change, by) =>
      asking("change an operator", () =>
        db.transaction().execute((transaction) => changeOperator(transaction, { name, by, ...change })),
      ),
    setPassword: (name, passwordHash, by) =>
      asking("set a password", () =>
        db.transaction().execute(async (transaction) => {
          const result = await transaction
            .updateTable("operators")
            .set({ password: passwordHash })
            .where("name", "=", name)
            .executeTakeFirst();
          if (result.numUpdatedRows === 0n) return false;
          await endSessions(transaction, name);
          const change = { action: "operator.password", target: name, before: null, after: null };
          await recordChange(transaction, { by, ...change });
          return true;
        }),
      ),
    remove: (name, by) =>
      asking("remove an operator", () =>
        db.transaction().execute((transaction) => removeOperator(transaction, name, by)),
      ),
    offerFirstAdmin: (hash) => asking("offer to make the first admin", () => offer(database, hash)),
    takeFirstAdmin: (hash, admin) =>
      asking("make the first admin", () =>
        db.transaction().execute((transaction) => takeFirstAdmin(transaction, hash, admin)),
      ),
  };
}

function select(db: Kysely<Tables>) {
  return db
    .selectFrom("operators")
    .select(["name", "password", "role", "disabled"])
    .select([micros("created_at").as("created_us"), micros("last_login").as("last_login_us")]);
}

type Found = NonNullable<Awaited<ReturnType<ReturnType<typeof select>["executeTakeFirst"]>>>;

function withoutPassword({ name, role, disabled, created_us, last_login_us }: Found): Operator {
  return {
    name,
    role: roleOf(role),
    isDisabled: disabled,
    createdUs: created_us,
    // `micros` does not know which columns can be null.
    lastLoginUs: (last_login_us as number | null) ?? null,
  };
}

async function add(
  transaction: Kysely<Tables>,
  { name, role, passwordHash }: NewOperator,
  why: { by: string; action: string },
): Promise<boolean> {
  const added = await transaction
    .insertInto("operators")
    .values({ name, role, password: passwordHash, last_login: null })
    .onConflict((conflict) => conflict.doNothing())
    .returning("name")
    .execute();
  if (added.length === 0) return false;
  await recordChange(transaction, { ...why, target: name, before: null, after: { role } });
  return true;
}

interface Change {
  readonly name: string;
  readonly by: string;
  readonly role?: Role | undefined;
  readonly isDisabled?: boolean | undefined;
}

async function changeOperator(transaction: Kysely<Tables>, change: Change): Promise<OperatorChange> {
  const { name, by } = change;
  const standing = await standingOf(transaction, name);
  if (standing === undefined) return "unknown";
  const { isLastAdmin, before } = standing;
  const after = {
    role: change.role ?? before.role,
    isDisabled: change.isDisabled ?? before.isDisabled,
  };
  if (after.role === before.role && after.isDisabled === before.isDisabled) return "done";
  if (isLastAdmin && (after.role !== "admin" || after.isDisabled)) return "last-admin";
  await transaction
    .updateTable("operators")
    .set({ role: after.role, disabled: after.isDisabled })
    .where("name", "=", name)
    .execute();
  await endSessions(transaction, name);
  await recordChange(transaction, { by, action: "operator.change", target: name, before, after });
  return "done";
}

async function removeOperator(
  transaction: Kysely<Tables>,
  name: string,
  by: string,
): Promise<OperatorChange> {
  const standing = await standingOf(transaction, name);
  if (standing === undefined) return "unknown";
  const { isLastAdmin, before } = standing;
  if (isLastAdmin) return "last-admin";
  await transaction.deleteFrom("operators").where("name", "=", name).execute();
  // Whoever has the name next finds nothing of them.
  await transaction
    .deleteFrom("saved_views")
    .where("owner", "=", nameOf({ kind: "operator", name }))
    .where("shared", "=", false)
    .execute();
  await recordChange(transaction, { by, action: "operator.remove", target: name, before, after: null });
  return "done";
}

/** How an operator stands. Locks every row, so that of two admins who remove each other one comes second. */
async function standingOf(transaction: Kysely<Tables>, name: string) {
  const rows = await transaction
    .selectFrom("operators")
    .select(["name", "role", "disabled"])
    .orderBy("name")
    .forUpdate()
    .execute();
  const own = rows.find((row) => row.name === name);
  if (own === undefined) return undefined;
  const admins = rows.filter(({ role, disabled }) => role === "admin" && !disabled);
  return {
    isLastAdmin: admins.length === 1 && admins[0]?.name === name,
    before: { role: roleOf(own.role), isDisabled: own.disabled },
  };
}

async function endSessions(transaction: Kysely<Tables>, name: string): Promise<void> {
  await transaction.deleteFrom("sessions").where("operator", "=", name).execute();
}

/** The lock lives as long as the process, so an offer whose printed token is lost with its process can be made anew at once. */
async function offer(database: Database, hash: string): Promise<Running | null> {
  if (await hasOperators(database.db)) return null;
  if (database.isSole) {
    await replaceOffer(database.db, hash);
    return { stop: () => Promise.resolve() };
  }
  const held = await hold(database, "the offer to make the first admin");
  if (!(await lockOffer(held.db))) {
    await held.release();
    return null;
  }
  await replaceOffer(held.db, hash);
  const stop = async (): Promise<void> => {
    await sql`SELECT pg_advisory_unlock(${offerSpace}, 0)`.execute(held.db).catch(() => undefined);
    await held.release();
  };
  return { stop };
}

/** A process that was killed and is started again at once comes before the server has seen the end of its session. */
async function lockOffer(db: Kysely<Tables>): Promise<boolean> {
  const endMs = performance.now() + lingerMs;
  for (;;) {
    const { rows } = await sql<{ is_mine: boolean }>`
      SELECT pg_try_advisory_lock(${offerSpace}, 0) AS is_mine`.execute(db);
    if (rows[0]?.is_mine === true) return true;
    if (performance.now() > endMs) return false;
    await pause(lookMs);
  }
}

async function replaceOffer(db: Kysely<Tables>, hash: string): Promise<void> {
  await db
    .insertInto("first_admin")
    .values({ hash })
    .onConflict((conflict) => conflict.column("one").doUpdateSet({ hash }))
    .execute();
}

async function hasOperators(db: Kysely<Tables>): Promise<boolean> {
  const found = await db.selectFrom("operators").select("name").limit(1).execute();
  return found.length > 0;
}

async function takeFirstAdmin(
  transaction: Kysely<Tables>,
  hash: string,
  admin: Omit<NewOperator, "role">,
): Promise<boolean> {
  const taken = await transaction
    .deleteFrom("first_admin")
    .where("hash", "=", hash)
    .returning("one")
    .execute();
  if (taken.length === 0 || (await hasOperators(transaction))) return false;
  const why = { by: "first admin token", action: "operator.add" };
  return add(transaction, { ...admin, role: "admin" }, why);
}
