import { asking, type Database } from "../database/database.ts";
import { micros, recordChange } from "../database/sql.ts";
import type { AuditStore } from "../ports.ts";

/** Opens the record of changes. */
export function openAuditStore({ db }: Database): AuditStore {
  return {
    record: (change) => asking("record a change", () => recordChange(db, change)),
    list: ({ target, before, limit }) =>
      asking("read the record of changes", async () => {
        let select = db
          .selectFrom("audit")
          .select(["id", "by", "action", "target", "before", "after"])
          .select(micros("at").as("atUs"));
        if (target !== undefined) select = select.where("target", "=", target);
        if (before !== undefined) select = select.where("id", "<", before);
        return select.orderBy("id", "desc").limit(limit).execute();
      }),
  };
}
