import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import { embedTokenPrefix } from "../../schema/embed.ts";
import type { Caller } from "../../schema/operator.ts";
import type { EmbedStore } from "./embed-ports.ts";
import type { SessionStore, TokenStore } from "./operator-ports.ts";
import { type Peer, readPeer } from "./peer.ts";

/** Finds out who asks, over HTTP or at the handshake of a socket. */
export interface Callers {
  peerOf(request: Pick<IncomingMessage, "headers" | "socket">): Peer;
  /**
   * Who asks, by a bearer token or, without one, by the cookie of a session.
   * @throws PlatformError STORE_DOWN when that cannot be found out.
   */
  identify(request: Pick<IncomingMessage, "headers" | "socket">): Promise<Caller>;
}

export interface CallerDeps {
  /** Whether anybody is asked at all. */
  readonly isOpen: boolean;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly embeds: EmbedStore;
  readonly proxies: BlockList;
}

/** Opens the way from a request to who sent it. */
export function openCallers({ isOpen, sessions, tokens, embeds, proxies }: CallerDeps): Callers {
  const peerOf: Callers["peerOf"] = (request) => readPeer(request, proxies);
  const chart = async (hash: string): Promise<Caller> => {
    const embed = await embeds.find(hash);
    return embed === null ? nobody : { kind: "embed", hash, deviceId: embed.deviceId };
  };
  const program = async (hash: string): Promise<Caller> => {
    const token = await tokens.find(hash);
    return token === null ? nobody : { kind: "token", hash, ...token };
  };
  const person = async (hash: string): Promise<Caller> => {
    const found = await sessions.find(hash);
    return found === null ? nobody : { kind: "operator", hash, ...found };
  };
  return {
    peerOf,
    identify: async (request) => {
      const bearer = bearerOf(request);
      // A token that was made to give little gives no more where nobody else is asked.
      if (bearer?.startsWith(embedTokenPrefix) === true) return chart(hashOf(bearer));
      if (isOpen) return { kind: "anyone" };
      if (bearer !== undefined) return program(hashOf(bearer));
      const secret = cookieOf(request, peerOf(request));
      return secret === undefined ? nobody : person(hashOf(secret));
    },
  };
}

const nobody = { kind: "nobody" } as const;

/** A new secret of 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret. It is random, so nobody can go through the likely ones, and a slow hash would protect nothing. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/**
 * The token in `Authorization: Bearer`; or of an embedded chart in the name of a protocol, since a page cannot give the handshake of a
 * WebSocket any other header.
 */
export function bearerOf({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  const bearer = /^Bearer +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? "")?.[1];
  const protocol = headers["sec-websocket-protocol"];
  return bearer ?? (protocol?.startsWith(embedTokenPrefix) === true ? protocol : undefined);
}

/** The prefix binds a cookie to this very host and to TLS: no neighbouring name can plant one, nor can a page without TLS. */
function cookieName({ isSecure }: Peer): string {
  return isSecure ? "__Host-tidemark" : "tidemark";
}

function cookieOf({ headers }: Pick<IncomingMessage, "headers">, peer: Peer): string | undefined {
  const prefix = `${cookieName(peer)}=`;
  const pair = (headers.cookie ?? "").split(/; */).find((one) => one.startsWith(prefix));
  return pair?.slice(prefix.length);
}

/**
 * The header that gives a browser the secret of its session, or takes it away. Strict, since nothing but the page itself asks this
 * API: a link from elsewhere opens the page, and the page then asks.
 */
export function setCookie(peer: Peer, secret: string | null): string {
  const end = secret === null ? "; Max-Age=0" : "";
  const secure = peer.isSecure ? "; Secure" : "";
  return `${cookieName(peer)}=${secret ?? ""}; Path=/; HttpOnly; SameSite=Strict${secure}${end}`;
}
