import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Caller } from "../schema/operator.ts";
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
  readonly proxies: BlockList;
}

/** Opens the way from a request to who sent it. */
export function openCallers({ isOpen, sessions, tokens, proxies }: CallerDeps): Callers {
  const peerOf: Callers["peerOf"] = (request) => readPeer(request, proxies);
  return {
    peerOf,
    identify: async (request) => {
      if (isOpen) return { kind: "anyone" };
      const bearer = bearerOf(request);
      if (bearer !== undefined) {
        const hash = hashOf(bearer);
        const token = await tokens.find(hash);
        return token === null ? { kind: "nobody" } : { kind: "token", hash, ...token };
      }
      const secret = cookieOf(request, peerOf(request));
      if (secret === undefined) return { kind: "nobody" };
      const hash = hashOf(secret);
      const found = await sessions.find(hash);
      return found === null ? { kind: "nobody" } : { kind: "operator", hash, ...found };
    },
  };
}

/** A new secret of 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret. It is random, so nobody can go through the likely ones, and a slow hash would protect nothing. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The token in `Authorization: Bearer`. */
export function bearerOf({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? "")?.[1];
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
