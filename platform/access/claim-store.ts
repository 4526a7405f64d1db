import { type Kysely, sql } from "kysely";
import type { Labels } from "../../schema/provisioning.ts";
import type { Tables } from "../../schema/row.ts";
import { asking, type Database } from "../database/database.ts";
import { micros, recordChange, toInstant } from "../database/sql.ts";
import type { Claimed, ClaimStore } from "./access-ports.ts";
import { insertPrincipals } from "./sql-access.ts";

/** Opens the claim tokens. */
export function openClaimStore({ db }: Database): ClaimStore {
  return {
    add: ({ name, digest, labels, maxUses, expiresUs }, by) =>
      asking("add a claim token", () =>
        db.transaction().execute(async (transaction) => {
          const { numInsertedOrUpdatedRows } = await transaction
            .insertInto("claim_tokens")
            .values({
              name,
              digest,
              labels: sql`${JSON.stringify(labels)}::text::jsonb`,
              max_uses: maxUses,
              expires_at: toInstant(sql`${expiresUs}::bigint`),
            })
            .onConflict((conflict) => conflict.column("name").doNothing())
            .executeTakeFirstOrThrow();
          if (numInsertedOrUpdatedRows === 0n) return false;
          const after = { labels, maxUses, expires: new Date(expiresUs / 1000).toISOString() };
          await recordChange(transaction, { by, action: "claim.add", target: name, before: null, after });
          return true;
        }),
      ),
    list: () =>
      asking("list the claim tokens", async () => {
        const rows = await db
          .selectFrom("claim_tokens")
          .select(["name", "labels", "uses", "max_uses as maxUses"])
          .select([micros("expires_at").as("expiresUs"), micros("created_at").as("createdUs")])
          .orderBy("name")
          .execute();
        // Written by `add`, from labels.
        return rows.map((row) => ({ ...row, labels: row.labels as Labels }));
      }),
    remove: (name, by) =>
      asking("delete a claim token", () =>
        db.transaction().execute(async (transaction) => {
          const gone = await transaction
            .deleteFrom("claim_tokens")
            .where("name", "=", name)
            .returning(["labels", "uses", "max_uses as maxUses"])
            .executeTakeFirst();
          if (gone === undefined) return false;
          await recordChange(transaction, {
            by,
            action: "claim.delete",
            target: name,
            before: gone,
            after: null,
          });
          return true;
        }),
      ),
    redeem: (claim) =>
      asking("claim a device", () => db.transaction().execute((transaction) => redeem(transaction, claim))),
  };
}

async function redeem(
  transaction: Kysely<Tables>,
  { digest, deviceId, hash }: { digest: Buffer; deviceId: string; hash: string },
): Promise<Claimed> {
  const token = await transaction
    .selectFrom("claim_tokens")
    .select(["name", "labels", "uses", "max_uses", sql<boolean>`expires_at <= now()`.as("isExpired")])
    .where("digest", "=", digest)
    // Those who claim at the same moment take turns, so that none is one too many.
    .forUpdate()
    .executeTakeFirst();
  if (token === undefined) return { kind: "unknown" };
  if (token.isExpired) return { kind: "expired" };
  if (token.uses >= token.max_uses) return { kind: "used-up" };
  // Written by `add`, from labels.
  const labels = token.labels as Labels;
  const added = await insertPrincipals(transaction, [{ userName: deviceId, hash, labels, rights: null }]);
  if (added.length === 0) return { kind: "device-exists" };
  await transaction
    .updateTable("claim_tokens")
    .set({ uses: token.uses + 1 })
    .where("name", "=", token.name)
    .execute();
  const by = `claim:${token.name}`;
  const after = { labels, passwords: 1 };
  await recordChange(transaction, { by, action: "device.claim", target: deviceId, before: null, after });
  return { kind: "claimed", name: token.name };
}
