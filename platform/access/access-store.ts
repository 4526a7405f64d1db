import { type Kysely, sql } from "kysely";
import { type Access, servicePrefix } from "../../schema/access.ts";
import type { Labels } from "../../schema/provisioning.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database, frequent } from "../database/database.ts";
import { micros, recordChange, recordChanges } from "../database/sql.ts";
import type { AccessStore, Added, NewPrincipal, PrincipalSummary } from "./access-ports.ts";
import { insertPrincipals, isValidNow } from "./sql-access.ts";

/** Opens the book of who may connect. */
export function openAccessStore({ db }: Database): AccessStore {
  return {
    find: (userNames) => asking("look up who may connect", () => find(db, userNames)),
    describe: (userName) =>
      asking("look up a principal", async () => {
        const [found] = await summaries(db, sql`user_name = ${userName}`, 1);
        return found ?? null;
      }),
    list: ({ kind, after, limit }) =>
      asking("list who may connect", () => {
        const isOfKind = kind === "device" ? sql`publish IS NULL` : sql`publish IS NOT NULL`;
        return summaries(db, sql`${isOfKind} AND user_name > ${after}`, limit);
      }),
    add: (principals, by) => asking("add who may connect", () => add(db, principals, by)),
    rotate: (userName, { hash, overlapSeconds }, by) =>
      change(
        db,
        { what: "change a password", action: "rotate-password", userName, by },
        async (transaction) => {
          await sql`DELETE FROM credentials WHERE user_name = ${userName} AND valid_until IS NOT NULL`.execute(
            transaction,
          );
          await sql`
          UPDATE credentials SET valid_until = now() + ${overlapSeconds} * interval '1 second'
          WHERE user_name = ${userName}`.execute(transaction);
          await transaction.insertInto("credentials").values({ user_name: userName, hash }).execute();
        },
      ),
    revoke: (userName, by) =>
      change(db, { what: "revoke access", action: "revoke", userName, by }, async (transaction) => {
        await transaction.deleteFrom("credentials").where("user_name", "=", userName).execute();
        await enable(transaction, userName, false);
      }),
    setEnabled: (userName, isEnabled, by) => {
      const action = isEnabled ? "enable" : "disable";
      return change(db, { what: `${action} a principal`, action, userName, by }, (transaction) =>
        enable(transaction, userName, isEnabled),
      );
    },
    setLabels: (userName, labels, by) =>
      change(db, { what: "change labels", action: "label", userName, by }, async (transaction) => {
        const text = JSON.stringify(labels);
        await transaction
          .updateTable("principals")
          .set({ labels: sql`${text}::jsonb` })
          .where("user_name", "=", userName)
          .execute();
      }),
    revokeCertificate: (deviceId, fingerprint, by) =>
      asking("revoke a certificate", () =>
        db.transaction().execute(async (transaction) => {
          const { numInsertedOrUpdatedRows } = await transaction
            .insertInto("revoked_certificates")
            .values({ fingerprint, device_id: deviceId })
            .onConflict((conflict) => conflict.column("fingerprint").doNothing())
            .executeTakeFirstOrThrow();
          if (numInsertedOrUpdatedRows === 0n) return;
          const action = "device.revoke-certificate";
          await recordChange(transaction, {
            by,
            action,
            target: deviceId,
            before: null,
            after: { fingerprint },
          });
        }),
      ),
    remove: (userName, by) =>
      change(db, { what: "delete a principal", action: "delete", userName, by }, async (transaction) => {
        await transaction.deleteFrom("principals").where("user_name", "=", userName).execute();
      }),
  };
}

interface FoundRow {
  user_name: string;
  enabled: boolean;
  publish: string[] | null;
  subscribe: string[] | null;
  credentials: { id: string; hash: string; until_ms: number | null }[] | null;
  revoked: string[] | null;
}

async function find(db: Kysely<Tables>, userNames: readonly string[]): Promise<readonly Access[]> {
  const { rows } = await sql<FoundRow>`
    ${frequent} SELECT user_name, enabled, publish, subscribe,
      (SELECT json_agg(json_build_object('id', id, 'hash', hash, 'until_ms', (extract(epoch FROM valid_until) * 1000)::bigint))
        FROM credentials WHERE credentials.user_name = principals.user_name AND ${isValidNow}) AS credentials,
      (SELECT array_agg(fingerprint) FROM revoked_certificates WHERE device_id = principals.user_name) AS revoked
    FROM principals WHERE user_name = ANY(${[...userNames]}::text[])`.execute(db);
  return rows.map((row) => ({
    principal: toPrincipal(row),
    isEnabled: row.enabled,
    credentials: (row.credentials ?? []).map(({ id, hash, until_ms }) => ({
      id,
      hash,
      validUntilMs: until_ms,
    })),
    revokedCertificates: row.revoked ?? [],
  }));
}

function toPrincipal({ user_name, publish, subscribe }: FoundRow): Access["principal"] {
  if (publish === null || subscribe === null) return { kind: "device", deviceId: user_name };
  return { kind: "service", name: user_name.slice(servicePrefix.length), publish, subscribe };
}

interface SummaryRow {
  user_name: string;
  enabled: boolean;
  labels: Labels;
  publish: string[] | null;
  subscribe: string[] | null;
  created_us: number;
  passwords: { created_us: number; until_us: number | null }[] | null;
  revoked: string[] | null;
}

async function summaries(
  db: Kysely<Tables>,
  condition: ReturnType<typeof sql>,
  limit: number,
): Promise<readonly PrincipalSummary[]> {
  const { rows } = await sql<SummaryRow>`
    SELECT user_name, enabled, labels, publish, subscribe, ${micros("created_at")} AS created_us,
      (SELECT json_agg(json_build_object('created_us', ${micros("created_at")}, 'until_us', ${micros("valid_until")})
          ORDER BY created_at DESC)
        FROM credentials WHERE credentials.user_name = principals.user_name AND ${isValidNow}) AS passwords,
      (SELECT array_agg(fingerprint ORDER BY fingerprint) FROM revoked_certificates
        WHERE device_id = principals.user_name) AS revoked
    FROM principals WHERE ${condition} ORDER BY user_name LIMIT ${limit}`.execute(db);
  return rows.map(({ publish, subscribe, ...row }) => ({
    userName: row.user_name,
    isEnabled: row.enabled,
    labels: row.labels,
    rights: publish === null || subscribe === null ? null : { publish, subscribe },
    createdUs: row.created_us,
    passwords: (row.passwords ?? []).map(({ created_us, until_us }) => ({
      createdUs: created_us,
      validUntilUs: until_us,
    })),
    revokedCertificates: row.revoked ?? [],
  }));
}

/** Thrown to undo a transaction, and caught right outside of it. */
class Taken extends Error {
  readonly userNames: readonly string[];
  constructor(userNames: readonly string[]) {
    super("taken");
    this.userNames = userNames;
  }
}

async function add(db: Kysely<Tables>, principals: readonly NewPrincipal[], by: string): Promise<Added> {
  try {
    await db.transaction().execute(async (transaction) => {
      const added = new Set(await insertPrincipals(transaction, principals));
      const taken = principals.map(({ userName }) => userName).filter((userName) => !added.has(userName));
      if (taken.length > 0) throw new Taken(taken);
      const changes = principals.map(({ userName, hash, labels, rights }) => ({
        by,
        action: actionOn(userName, "add"),
        target: userName,
        before: null,
        after: { labels, ...rights, passwords: hash === null ? 0 : 1 },
      }));
      await recordChanges(transaction, changes);
    });
    return { kind: "added" };
  } catch (error) {
    if (error instanceof Taken) return { kind: "taken", userNames: error.userNames };
    throw error;
  }
}

interface Change {
  readonly what: string;
  readonly action: string;
  readonly userName: string;
  readonly by: string;
}

/** Makes a change to one principal, alone, and records what it was like before and after. */
function change(
  db: Kysely<Tables>,
  { what, action, userName, by }: Change,
  make: (transaction: Kysely<Tables>) => Promise<void>,
): Promise<boolean> {
  return asking(what, () =>
    db.transaction().execute(async (transaction) => {
      const locked = await sql`SELECT 1 FROM principals WHERE user_name = ${userName} FOR UPDATE`.execute(
        transaction,
      );
      if (locked.rows.length === 0) return false;
      const before = await stateOf(transaction, userName);
      await make(transaction);
      const after = await stateOf(transaction, userName);
      await recordChange(transaction, {
        by,
        action: actionOn(userName, action),
        target: userName,
        before,
        after,
      });
      return true;
    }),
  );
}

/** What the record of changes says of a principal: nothing that is secret, and no hash. */
async function stateOf(transaction: Kysely<Tables>, userName: string): Promise<unknown> {
  const [found] = await summaries(transaction, sql`user_name = ${userName}`, 1);
  if (found === undefined) return null;
  const validUntil = found.passwords.map(({ validUntilUs }) =>
    validUntilUs === null ? null : new Date(validUntilUs / 1000).toISOString(),
  );
  return { enabled: found.isEnabled, labels: found.labels, ...found.rights, passwordsValidUntil: validUntil };
}

function actionOn(userName: string, verb: string): string {
  return `${userName.startsWith(servicePrefix) ? "service" : "device"}.${verb}`;
}

async function enable(transaction: Kysely<Tables>, userName: string, isEnabled: boolean): Promise<void> {
  await transaction
    .updateTable("principals")
    .set({ enabled: isEnabled })
    .where("user_name", "=", userName)
    .execute();
}
