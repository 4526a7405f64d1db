import { STATUS_CODES } from "node:http";
import type { BlockList, Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { addressGroup } from "../access/address-group.ts";
import { readPeer } from "../access/peer.ts";
import type { Config } from "../config.ts";
import { codeOf } from "../errors.ts";
import type { LimitNotices } from "../limit-notices.ts";
import { Rates } from "../rates.ts";

export type HttpLimits = Pick<Config, "MAX_HTTP_REQUESTS_PER_SECOND" | "MAX_HTTP_CONNECTIONS">;

/** How many seconds' worth of requests an address may make at once. */
const burstSeconds = 5;
/** Whoever supervises us is always answered. */
const unlimited = new Set(["/live", "/ready"]);

export interface HttpLimitsOptions {
  readonly limits: HttpLimits;
  readonly proxies: BlockList;
  readonly notices: LimitNotices;
}

/** Bounds the requests an address may make of a door, and the connections the door has. */
export function limitHttp(door: FastifyInstance, { limits, proxies, notices }: HttpLimitsOptions): void {
  const { MAX_HTTP_REQUESTS_PER_SECOND: perSecond, MAX_HTTP_CONNECTIONS: connections } = limits;
  if (connections > 0) door.server.maxConnections = connections;
  door.server.on("drop", (dropped) => notices.tell("http_connections", { address: dropped?.remoteAddress }));
  if (perSecond === 0) return;
  const rates = new Rates({ perSecond, burst: perSecond * burstSeconds });
  door.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
    if (unlimited.has(request.url)) return;
    const address = addressGroup(readPeer(request.raw, proxies).address);
    const waitMs = rates.waitMs(address, performance.now());
    if (waitMs === 0) return;
    notices.tell("http_rate", { address, path: request.routeOptions.url });
    const seconds = Math.ceil(waitMs / 1000);
    const error = `more than ${perSecond} requests a second from ${address}; come again in ${seconds} s`;
    return reply.code(429).header("Retry-After", seconds).send({ error, code: "RATE_LIMITED" });
  });
}

/** Answers what is no complete request of HTTP, in the shape of every other answer, and closes. */
export function answerBadRequest(notices: LimitNotices): (error: Error, socket: Socket) => void {
  return (error, socket) => {
    const code = codeOf(error);
    const isLate = code === "ERR_HTTP_REQUEST_TIMEOUT";
    if (isLate) notices.tell("http_timeout", { address: socket.remoteAddress });
    if (code !== "ECONNRESET" && socket.writable) socket.write(isLate ? late : bad);
    socket.destroy();
  };
}

const late = rawAnswer(408, "REQUEST_TIMEOUT", "the request did not arrive in time");
const bad = rawAnswer(400, "REQUEST_INVALID", "this is no request of HTTP");

function rawAnswer(status: number, code: string, error: string): string {
  const body = JSON.stringify({ error, code });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
