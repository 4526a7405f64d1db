import type { FastifyReply, FastifyRequest } from "fastify";
import { bearerOf, type Callers } from "../platform/access/callers.ts";
import { isCrossSite } from "../platform/access/peer.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Metrics } from "../platform/telemetry.ts";
import { type Caller, judge } from "../schema/operator.ts";
import { identify } from "./actor.ts";

const root = "/api/v1/";

interface Refusal {
  readonly status: 401 | 403 | 415;
  readonly code: string;
  readonly error: string;
}

export interface GuardDeps {
  readonly callers: Callers;
  readonly metrics: Metrics;
}

/**
 * Lets nobody through to a route under `/api/v1` who may not. To be called before the routes are put on the door: what is put on it
 * later is guarded, and a route that does not say who may use it is open to nobody.
 */
export function guard(door: HttpDoor, deps: GuardDeps): void {
  door.addHook("onRequest", async (request, reply) => {
    // Undefined where there is no such route: that is answered 404, whoever asks.
    if (request.routeOptions.url?.startsWith(root) !== true) return;
    reply.header("Cache-Control", "no-store");
    const refusal = stray(request, deps) ?? (await stranger(request, deps));
    if (refusal !== undefined) return refuse(reply, refusal, deps);
    // What every viewer may see a browser may keep, if it asks each time whether it is still so, and whether it still may.
    if (!isChange(request) && request.routeOptions.config.needs === "viewer")
      reply.header("Cache-Control", "private, no-cache");
  });
}

function refuse(reply: FastifyReply, { status, code, error }: Refusal, { metrics }: GuardDeps): FastifyReply {
  metrics.httpRefused.inc({ code });
  if (status === 401) reply.header("WWW-Authenticate", "Bearer");
  return reply.code(status).send({ error, code });
}

function isChange({ method }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** What a page of another site could have made a browser send. A browser sends no bearer token of its own accord. */
function stray(request: FastifyRequest, { callers }: GuardDeps): Refusal | undefined {
  if (!isChange(request)) return undefined;
  const isForeign =
    bearerOf(request.raw) === undefined && isCrossSite(request.raw, callers.peerOf(request.raw));
  if (isForeign) {
    const error =
      "a page of another site sent this; behind a proxy, let it keep the Host header or name it in TRUSTED_PROXIES";
    return { status: 403, code: "CROSS_SITE", error };
  }
  const wanted = request.routeOptions.config.takes ?? "application/json";
  const [sent = ""] = (request.headers["content-type"] ?? "").split(";");
  if (request.method !== "POST" || sent.trim().toLowerCase() === wanted) return undefined;
  const what = wanted === "application/json" ? "JSON" : wanted;
  return {
    status: 415,
    code: "CONTENT_TYPE_INVALID",
    error: `the body must be ${what}; send Content-Type: ${wanted}`,
  };
}

/** Whether whoever asks is known, and may. */
async function stranger(request: FastifyRequest, { callers }: GuardDeps): Promise<Refusal | undefined> {
  const { needs, isOpen, isForPeople, isForEmbeds } = request.routeOptions.config;
  const caller = await callers.identify(request.raw);
  identify(request, caller);
  if (isOpen === true) return undefined;
  if (needs === undefined) {
    return { status: 403, code: "FORBIDDEN", error: "this route does not say who may use it, so nobody may" };
  }
  const [path = ""] = request.url.split("?");
  const asked = {
    ...{ role: needs, path, isChange: isChange(request), isForPeople: isForPeople === true },
    ...(isForEmbeds === true ? { ofDevices: devicesIn(request.query) } : {}),
  };
  switch (judge(caller, asked)) {
    case "allowed":
      return undefined;
    case "unknown":
      return {
        status: 401,
        code: "UNAUTHENTICATED",
        error: "log in first, or send an API token as Authorization: Bearer",
      };
    case "forbidden":
      return { status: 403, code: "FORBIDDEN", error: forbidden(asked, caller) };
  }
}

/** What a question names as `device`, once or several times. Not checked yet: whoever may ask for it is found out first. */
function devicesIn(query: unknown): readonly string[] {
  const { device } = query as { readonly device?: string | readonly string[] };
  return [device ?? []].flat();
}

function forbidden({ role, isForPeople }: { role: string; isForPeople: boolean }, caller: Caller): string {
  if (caller.kind === "embed")
    return `this token is for what ${caller.deviceId} measured, and for nothing else; whoever may see more logs in or has an API token`;
  return isForPeople
    ? `this needs an operator who is logged in with the role ${role}`
    : `this needs the role ${role}, and a token that is not kept from it`;
}
