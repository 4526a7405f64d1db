import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** What a caller's own certificate says of it. */
export type Presented =
  /** It showed none, or nobody asked: it may still have a password. */
  | { readonly kind: "nothing" }
  | { readonly kind: "name"; readonly name: string }
  /** It showed one that nobody vouches for, that is not valid now, that is revoked, or that does not name one thing. */
  | { readonly kind: "unacceptable"; readonly reason: string };

/** Reads it once the handshake is over. A certificate is optional; a wrong one is not, for whoever shows it means to be known by it. */
export function presentedBy(socket: Socket): Presented {
  if (!(socket instanceof TLSSocket)) return { kind: "nothing" };
  const certificate = socket.getPeerCertificate();
  // Node answers with an empty object, or null once the socket is gone.
  if (certificate === null || Object.keys(certificate).length === 0) return { kind: "nothing" };
  if (!socket.authorized) return { kind: "unacceptable", reason: String(socket.authorizationError) };
  // One string, or a list when there are several, whatever the types say; none when there are none.
  const name: unknown = certificate.subject?.CN;
  if (typeof name === "string" && name !== "") return { kind: "name", name };
  return { kind: "unacceptable", reason: "it has no common name, or several" };
}
