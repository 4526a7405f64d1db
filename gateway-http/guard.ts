import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { bearerOf, type Callers } from "../platform/access/callers.ts";
import { isCrossSite } from "../platform/access/peer.ts";
import type { Config } from "../platform/config.ts";
import { isLegacyDoorOpen } from "../platform/exposure.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Metrics } from "../platform/telemetry.ts";
import type { Role } from "../schema/access.ts";
import { judge, nameOf } from "../schema/operator.ts";

export interface LegacyGuardDeps {
  readonly config: Pick<Config, "ACCESS" | "LEGACY_HTTP_KEY" | "LEGACY_HTTP_OPEN">;
  readonly callers: Callers;
  readonly metrics: Metrics;
}

/** What an operator or an API token needs who comes by this door instead of by the API. The ancestor's `/health` is for everybody. */
const needs: Readonly<Record<string, Role>> = {
  "/data": "operator",
  "/latest": "viewer",
  "/config": "operator",
};

type Verdict =
  | { readonly kind: "admitted"; readonly by: string }
  | { readonly kind: "refused"; readonly status: 401 | 403; readonly code: string; readonly error: string };

const admitted = new WeakMap<FastifyRequest, string>();

/** Who asks, as the record of changes names them. */
export function whoAsks(request: FastifyRequest): string {
  return admitted.get(request) ?? "anyone";
}

/** Lets in who shows the key of the legacy door, or whoever comes where that was decided; and operators, as far as their role goes. */
export function guardLegacy(scope: HttpDoor, deps: LegacyGuardDeps): void {
  scope.addHook("onRequest", async (request, reply) => {
    const role = needs[request.routeOptions.url ?? ""];
    if (role === undefined) return;
    reply.header("Cache-Control", "no-store");
    const verdict = await judged(request, role, deps);
    if (verdict.kind === "admitted") {
      admitted.set(request, verdict.by);
      return;
    }
    const { status, code, error } = verdict;
    deps.metrics.httpRefused.inc({ code });
    if (status === 401) reply.header("WWW-Authenticate", "Bearer");
    return reply.code(status).send({ error, code });
  });
}

async function judged(
  request: FastifyRequest,
  role: Role,
  { config, callers }: LegacyGuardDeps,
): Promise<Verdict> {
  const { ACCESS: access, LEGACY_HTTP_KEY: key } = config;
  if (key !== null && showsKey(request, key)) return { kind: "admitted", by: "legacy key" };
  const isChange = request.method === "POST";
  // This door reads any body, so a page of another site could make a browser post one.
  if (
    isChange &&
    bearerOf(request.raw) === undefined &&
    isCrossSite(request.raw, callers.peerOf(request.raw))
  )
    return { kind: "refused", status: 403, code: "CROSS_SITE", error: "a page of another site sent this" };
  if (isLegacyDoorOpen(config)) return { kind: "admitted", by: "anyone" };
  const caller = access === "open" ? ({ kind: "nobody" } as const) : await callers.identify(request.raw);
  const [path = ""] = request.url.split("?");
  switch (judge(caller, { role, path, isChange, isForPeople: false })) {
    case "allowed":
      return { kind: "admitted", by: nameOf(caller) };
    case "forbidden":
      return { kind: "refused", status: 403, code: "FORBIDDEN", error: `this needs the role ${role}` };
    case "unknown":
      return { kind: "refused", status: 401, ...shut(key) };
  }
}

function shut(key: string | null): { code: string; error: string } {
  const error =
    key === null
      ? "this door is shut; its operator opens it with LEGACY_HTTP_KEY or LEGACY_HTTP_OPEN=true"
      : "show the key of this door as X-API-Key, or as Authorization: Bearer";
  return { error, code: "UNAUTHENTICATED" };
}

function showsKey(request: FastifyRequest, key: string): boolean {
  const { "x-api-key": header } = request.headers;
  return [header, bearerOf(request.raw)].some((shown) => typeof shown === "string" && isSame(shown, key));
}

/** Takes as long whatever is shown. */
function isSame(shown: string, key: string): boolean {
  const [one, other] = [shown, key].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
