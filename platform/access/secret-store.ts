import { randomBytes } from "node:crypto";
import { asking, type Database } from "../database/database.ts";
import type { SecretStore } from "./access-ports.ts";

const secretBytes = 32;

/** Opens the secrets of the platform itself. */
export function openSecretStore({ db }: Database): SecretStore {
  return {
    get: (name) =>
      asking("read a secret of the platform", async () => {
        // Of several processes that start at once the first one's stays.
        await db
          .insertInto("secrets")
          .values({ name, secret: randomBytes(secretBytes) })
          .onConflict((conflict) => conflict.column("name").doNothing())
          .execute();
        const row = await db
          .selectFrom("secrets")
          .select("secret")
          .where("name", "=", name)
          .executeTakeFirstOrThrow();
        return row.secret;
      }),
  };
}
