import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";

/** Where a request comes from and what the browser of its sender has in its address bar, as far as that can be known. */
export interface Peer {
  readonly address: string;
  /** Whether it was encrypted all the way from the sender to us, or to a proxy that we trust. */
  readonly isSecure: boolean;
  /** Name and port that it was sent to, in small letters. */
  readonly host: string;
}

/** Proxies whose word about a request is taken: addresses, or networks such as `10.0.0.0/8`. */
export function listProxies(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Whether this is an address or a network as `listProxies` takes it. */
export function isNetwork(entry: string): boolean {
  const [address = "", bits, ...rest] = entry.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}

/** What is known of the sender of a request. What its headers say of a way through proxies counts only from those that are trusted. */
export function readPeer(request: Pick<IncomingMessage, "headers" | "socket">, trusted: BlockList): Peer {
  const { headers, socket } = request;
  const nearest = plain(socket.remoteAddress ?? "");
  // Only a TLS socket has it.
  const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
  const own = { address: nearest, isSecure: isEncrypted, host: (headers.host ?? "").toLowerCase() };
  if (!isListed(trusted, nearest)) return own;
  const way = listIn(headers["x-forwarded-for"]).map(plain);
  // The last one that no proxy of ours is; what stands before it anybody may have written.
  const sender = way.findLast((address) => !isListed(trusted, address)) ?? way[0];
  const protocol = listIn(headers["x-forwarded-proto"]).at(-1)?.toLowerCase();
  const host = listIn(headers["x-forwarded-host"]).at(-1)?.toLowerCase();
  return {
    address: sender !== undefined && isIP(sender) !== 0 ? sender : nearest,
    isSecure: protocol === undefined ? isEncrypted : protocol === "https" || protocol === "wss",
    host: host ?? own.host,
  };
}

/**
 * Whether a page of another site made a browser send this. A browser says so in `Sec-Fetch-Site` or, without TLS, in `Origin`; who
 * sends neither is no browser of today, and has no cookie by accident.
 */
export function isCrossSite({ headers }: Pick<IncomingMessage, "headers">, peer: Peer): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== peer.host;
}

function isListed(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** An IPv4 address as itself, also where a socket for both families has it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function listIn(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap((line) => line.split(",").map((part) => part.trim()));
}
