import type { Peer } from "../access/peer.ts";
import { isLoopback } from "../exposure.ts";

const always = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy":
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=()",
} as const;

const yearSeconds = 31_536_000;

/** What every answer tells a browser about how little it may do with it; `framedBy` are the origins whose pages may frame it. */
export function securityHeaders(
  peer: Peer,
  framedBy: readonly string[] = [],
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    ...always,
    "Content-Security-Policy": contentPolicy(peer, framedBy),
  };
  // For browsers that do not know frame-ancestors.
  if (framedBy.length === 0) headers["X-Frame-Options"] = "DENY";
  // Browsers heed these two only where nobody on the way can have written them, and complain elsewhere.
  if (peer.isSecure) headers["Strict-Transport-Security"] = `max-age=${yearSeconds}`;
  if (peer.isSecure || isLoopback(peer.host.replace(/:\d+$/, "")))
    headers["Cross-Origin-Opener-Policy"] = "same-origin";
  return headers;
}

/** Scripts, styles and questions from and to this very place only. Not every browser counts a WebSocket to it as 'self'. */
function contentPolicy({ isSecure, host }: Peer, framedBy: readonly string[]): string {
  const socket = /^[\w.:[\]-]+$/.test(host) ? ` ${isSecure ? "wss" : "ws"}://${host}` : "";
  return [
    "default-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${socket}`,
    "object-src 'none'",
    `frame-ancestors ${framedBy.length === 0 ? "'none'" : framedBy.join(" ")}`,
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; ");
}
