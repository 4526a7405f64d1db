import { Type } from "typebox";
import type { AccessDesk } from "../platform/access/access-desk.ts";
import type { ClaimStore } from "../platform/access/access-ports.ts";
import type { Callers } from "../platform/access/callers.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Clock } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { ClaimAnswer, ClaimBody, ClaimsAnswer, NewClaimAnswer, NewClaimBody } from "../schema/access-api.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuseAccess } from "./refusals.ts";

export interface ClaimRouteDeps {
  readonly claims: ClaimStore;
  readonly desk: AccessDesk;
  readonly callers: Pick<Callers, "peerOf">;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const Params = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64, pattern: "^[^\\u0000]*$" }) });

/** Puts claim tokens on a door, and the one route that a device asks for its credentials. */
export async function mountClaims(door: HttpDoor, deps: ClaimRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountTokens(scope, deps);
    mountClaim(scope, deps);
    done();
  });
}

function mountTokens(scope: HttpDoor, { claims, desk, now }: ClaimRouteDeps): void {
  scope.get(
    "/api/v1/claims",
    { config: { needs: "operator" }, schema: { response: { 200: ClaimsAnswer } } },
    async () => ({ claims: await claims.list() }),
  );
  scope.post<{ Body: NewClaimBody }>(
    "/api/v1/claims",
    { config: { needs: "admin" }, schema: { body: NewClaimBody, response: { 201: NewClaimAnswer } } },
    async (request, reply) => {
      const { name, maxUses, expiresInSeconds, labels = {} } = request.body;
      const expiresUs = now() + expiresInSeconds * 1e6;
      const added = await desk.addClaim({ name, maxUses, expiresUs, labels }, actorOf(request).name);
      return "kind" in added
        ? refuseAccess(reply, added)
        : reply.code(201).send({ name, token: added.token, expiresUs });
    },
  );
  scope.delete<{ Params: { name: string } }>(
    "/api/v1/claims/:name",
    { config: { needs: "admin" }, schema: { params: Params } },
    async (request, reply) => {
      const refused = await desk.removeClaim(request.params.name, actorOf(request).name);
      return refused === undefined ? reply.code(204).send() : refuseAccess(reply, refused);
    },
  );
}

/** For whoever comes: the token is what a device has instead of credentials. */
function mountClaim(scope: HttpDoor, { desk, callers, log, metrics }: ClaimRouteDeps): void {
  scope.post<{ Body: ClaimBody }>(
    "/api/v1/claim",
    { config: { isOpen: true }, schema: { body: ClaimBody, response: { 201: ClaimAnswer } } },
    async (request, reply) => {
      const { token, device_id } = request.body;
      const claimed = await desk.claim(token, device_id);
      if ("kind" in claimed) {
        metrics.claims.inc({ outcome: claimed.code });
        const { address } = callers.peerOf(request.raw);
        log.info({ code: claimed.code, address }, "claim refused");
        return refuseAccess(reply, claimed);
      }
      metrics.claims.inc({ outcome: "claimed" });
      const { userName: user_name, password } = claimed;
      return reply.code(201).send({ device_id, user_name, password: password ?? "" });
    },
  );
}
