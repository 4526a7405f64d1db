import type { HttpDoor } from "../platform/http/http-server.ts";
import type { AuditStore } from "../platform/ports.ts";
import { AuditAnswer, AuditQuestion } from "../schema/operator-api.ts";

/** Puts the record of changes on a door. */
export function mountAudit(door: HttpDoor, { audit }: { audit: AuditStore }): void {
  door.get<{ Querystring: AuditQuestion }>(
    "/api/v1/audit",
    { config: { needs: "admin" }, schema: { querystring: AuditQuestion, response: { 200: AuditAnswer } } },
    async ({ query: { target, before, limit } }) => {
      // One more than asked for tells whether there is a next page.
      const page = await audit.list({ target, before, limit: limit + 1 });
      const changes = page.slice(0, limit);
      return { changes, next: page.length > limit ? (changes.at(-1)?.id ?? null) : null };
    },
  );
}
