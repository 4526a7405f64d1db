import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { brotliCompress, constants, createGzip, gzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpDoor } from "../platform/http/http-server.ts";

/** Less is not worth the work: it fits into one packet. */
const leastBytes = 1400;
const compressors = {
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: promisify<Buffer, Buffer>(gzip),
};
type Encoding = keyof typeof compressors;

/**
 * Gives what a door answers to questions below these paths a weak ETag, made from the answer, and compresses it: such answers hold no
 * secret, so their length tells none. To be called before the routes are put on the door.
 */
export function tendAnswers(door: HttpDoor, paths: readonly string[]): void {
  door.addHook("onSend", async (request, reply, payload) => {
    const { url = "" } = request.routeOptions;
    const isTended = request.method === "GET" && reply.statusCode === 200;
    if (!isTended || !paths.some((path) => url.startsWith(path))) return payload;
    reply.header("Vary", "Accept-Encoding, Cookie, Authorization");
    const encoding = encodingFor(String(request.headers["accept-encoding"] ?? ""));
    if (payload instanceof Readable)
      return encoding === undefined ? payload : compressedStream(reply, payload);
    const body = bytesOf(payload);
    return body === undefined ? payload : tended(request, reply, { body, encoding });
  });
}

function tended(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, encoding }: { body: Buffer; encoding: Encoding | undefined },
): Buffer | null | Promise<Buffer> {
  const tag = tagOf(body);
  reply.header("ETag", tag);
  if (isKnown(tag, request.headers["if-none-match"])) return notModified(reply);
  return encoding === undefined ? body : compressed(reply, body, encoding);
}

function notModified(reply: FastifyReply): null {
  reply.code(304).removeHeader("Content-Type").removeHeader("Content-Length");
  return null;
}

async function compressed(reply: FastifyReply, body: Buffer, encoding: Encoding): Promise<Buffer> {
  if (body.length < leastBytes) return body;
  reply.header("Content-Encoding", encoding).removeHeader("Content-Length");
  return compressors[encoding](body);
}

function bytesOf(payload: unknown): Buffer | undefined {
  if (typeof payload === "string") return Buffer.from(payload);
  return Buffer.isBuffer(payload) ? payload : undefined;
}

function tagOf(body: Buffer): string {
  return `W/"${createHash("sha1").update(body).digest("base64url")}"`;
}

/** Whether the client has an answer of this tag. */
export function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  const bare = (one: string) => one.trim().replace(/^W\//, "");
  return (ifNoneMatch ?? "").split(",").some((one) => one.trim() === "*" || bare(one) === bare(tag));
}

/** What an answer may be encoded with, the best first; undefined when it is to stay as it is. */
export function encodingFor(acceptEncoding: string): Encoding | undefined {
  const weights = new Map(
    acceptEncoding.split(",").map((part) => {
      const [name = "", ...parameters] = part.split(";").map((word) => word.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [name, q === undefined ? 1 : Number(q)];
    }),
  );
  const weightOf = (name: string) => weights.get(name) ?? weights.get("*") ?? 0;
  return (["br", "gzip"] as const).find(
    (name) => weightOf(name) > 0 && weightOf(name) >= weightOf("identity"),
  );
}

/** Of a stream only text, since what is packed already grows. Fastest, so that the file is no slower than the line. */
function compressedStream(reply: FastifyReply, payload: Readable): Readable {
  if (!String(reply.getHeader("Content-Type")).startsWith("text/")) return payload;
  reply.header("Content-Encoding", "gzip").removeHeader("Content-Length");
  // Whichever end breaks, the other one is ended with it.
  return pipeline(payload, createGzip({ level: 1 }), () => undefined);
}
