import type { BlockList } from "node:net";
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from "fastify";
import type { Refusal } from "../../schema/rejection.ts";
import { readPeer } from "../access/peer.ts";
import type { Config } from "../config.ts";
import { codeOf, PlatformError } from "../errors.ts";
import type { LimitNotices } from "../limit-notices.ts";
import type { Log } from "../telemetry.ts";
import type { Certificate } from "./certificate.ts";
import { answerBadRequest, type HttpLimits, limitHttp } from "./http-limits.ts";
import { faultOf } from "./input-check.ts";
import { type Address, boundPort, handshakeMs, listenFailure } from "./listen.ts";
import { securityHeaders } from "./security-headers.ts";
import { faultOfRequest, takeBodiesAsTheyAre } from "./validation.ts";

/** An HTTP listener that services put their routes on; in one process they share it. */
export type HttpDoor = FastifyInstance;

declare module "fastify" {
  interface FastifyContextConfig {
    /** Origins whose pages may frame the answer; nobody's unless it says so. */
    framedBy?: readonly string[];
    /** The body holds what is passed on as JSON, in which any text is possible. */
    passesTextOn?: boolean;
  }
}

export interface HttpDoorOptions {
  readonly log: Log;
  readonly config: Pick<Config, "MAX_PACKET_BYTES"> & HttpLimits;
  readonly proxies: BlockList;
  readonly notices: LimitNotices;
  /** Makes it HTTPS. */
  readonly certificate?: Certificate | undefined;
  /** How long the head of a request may take. */
  readonly headMs?: number;
}

/** Opens an HTTP door with the limits, headers and error shape `{"error","code"}` that all of them have. Listens later. */
export function openHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { log, config, proxies, notices } = options;
  const door = newServer(options, {
    bodyLimit: config.MAX_PACKET_BYTES,
    connectionTimeout: 30_000,
    requestTimeout: 30_000,
    clientErrorHandler: answerBadRequest(notices),
    frameworkErrors: answerBadAddress,
    keepAliveTimeout: 72_000,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 512 },
    // What happened is counted and logged by the services; a line a request would be a line a reading.
    logger: false,
  });
  limitHttp(door, { limits: config, proxies, notices });
  takeBodiesAsTheyAre(door);
  checkInput(door);
  door.addHook("onSend", async (request, reply) => {
    const { framedBy } = request.routeOptions.config;
    reply.headers(securityHeaders(readPeer(request.raw, proxies), framedBy));
  });
  door.setErrorHandler((error: FastifyError | PlatformError, request, reply) => {
    const answer = answerOf(error, request);
    // A limit says itself that it was reached, and not once a request.
    if (answer.status >= 500 && answer.code !== "GATEWAY_BUSY") {
      // Without the query: that of an embedded chart may hold its token.
      log.error({ err: error, path: request.url.split("?")[0] }, "request failed");
    } else if (error instanceof PlatformError && answer.status < 500) {
      log.warn({ reason: error.message, path: request.url.split("?")[0] }, "request refused by the database");
    }
    if (answer.status === 503) reply.header("Retry-After", "2");
    return reply.code(answer.status).send({ error: answer.error, code: answer.code });
  });
  door.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `${request.method} ${request.url} is not here`, code: "NOT_FOUND" }),
  );
  return door;
}

/** Refuses requests with a value that no store takes. Only what a schema describes is looked at. */
function checkInput(door: HttpDoor): void {
  door.addHook("preHandler", async (request, reply) => {
    const { schema, config } = request.routeOptions;
    const isAnyText = config.passesTextOn === true;
    const fault =
      (schema?.params === undefined ? undefined : faultOf("params", request.params)) ??
      (schema?.querystring === undefined ? undefined : faultOf("querystring", request.query)) ??
      (schema?.body === undefined ? undefined : faultOf("body", request.body, isAnyText));
    if (fault !== undefined) return reply.code(400).send({ error: fault, code: "QUERY_INVALID" });
  });
}

/** A server of HTTP, or of HTTPS where there is a certificate. */
function newServer(
  { certificate, headMs = 10_000 }: HttpDoorOptions,
  common: FastifyServerOptions,
): HttpDoor {
  // Node looks for late requests only so often.
  const http = { headersTimeout: headMs, connectionsCheckingInterval: headMs / 4 };
  if (certificate === undefined) return fastify({ ...common, http });
  const https = { ...http, ...certificate.context, handshakeTimeout: handshakeMs };
  // The options that differ between the two are those in `https`; Fastify's types tell the servers apart nevertheless.
  const secure = fastify({ ...(common as object), https });
  certificate.follow(secure.server);
  return secure as unknown as HttpDoor;
}

/** SQLSTATE of what a store cannot take for what it is: not of its type, not in range, no text. `faultOf` should have seen it. */
const unfit = new Set(["22P02", "22P05", "22021", "22003"]);

function answerOf(
  error: FastifyError | PlatformError,
  request: FastifyRequest,
): { status: number; error: string; code: string } {
  if (error instanceof PlatformError) {
    if (unfit.has(codeOf(error.cause) ?? ""))
      return { status: 400, error: `${error.message}; send another value`, code: "QUERY_INVALID" };
    return { status: error.retryable ? 503 : 500, error: error.message, code: error.code };
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) return { status, error: "the server failed; its log says why", code: "INTERNAL" };
  if (isTooLarge(error)) {
    // docs/design.md, section 4: every fault of a payload is a 400, which the legacy clients know.
    return { status: 400, error: oversize.reason, code: oversize.code };
  }
  if (error.validation !== undefined) return { status, error: faultOfRequest(error), code: "QUERY_INVALID" };
  // What serves files has no codes.
  if (codeOf(error) === undefined)
    return { status, error: noRequest(request, error), code: "REQUEST_INVALID" };
  return { status, error: error.message, code: error.code };
}

function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.code(400).send({ error: noRequest(request, error), code: error.code });
}

function noRequest({ method, url }: FastifyRequest, { message }: Error): string {
  return `${method} ${url.split("?")[0]} cannot be answered: ${message}; ask for another address`;
}

/** What is wrong with a body over the limit. It is refused before it is read. */
export const oversize: Refusal = {
  code: "PAYLOAD_TOO_LARGE",
  reason: "the body is larger than MAX_PACKET_BYTES; send smaller batches",
};

/** Whether a request failed for the size of its body. */
export function isTooLarge(error: { readonly code?: string }): boolean {
  return error.code === "FST_ERR_CTP_BODY_TOO_LARGE";
}

/**
 * Listens and answers with the port.
 * @throws PlatformError PORT_TAKEN.
 */
export async function listenHttp(door: HttpDoor, address: Address): Promise<number> {
  try {
    await door.listen({ host: address.host, port: address.port });
  } catch (cause) {
    throw listenFailure(address, cause);
  }
  return boundPort(door.server, address);
}

/** How long requests in hand may take once the door closes. */
const graceMs = 2000;

/** Closes a door: finishes the requests in hand, then ends what is left, such as sockets that never asked for anything. */
export async function closeHttp(door: HttpDoor): Promise<void> {
  const grace = setTimeout(() => door.server.closeAllConnections(), graceMs);
  try {
    await door.close();
  } finally {
    clearTimeout(grace);
  }
}
