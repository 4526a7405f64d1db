import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { type BlockList, isIP, type LookupFunction } from "node:net";
import { listProxies } from "../../platform/access/peer.ts";

/** What is none of the internet's: a webhook must not be a way into the network that the platform stands in (RFC 6890). */
const inside = listProxies([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
  ...["::/127", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16"],
  ...["fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
]);

/** An address that webhooks may not reach. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused";
}

/** Whether a webhook may reach an address: of the internet, or of a network that was allowed. */
export function mayReach(address: string, allowed: BlockList): boolean {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  // IPv4 within IPv6 (::ffff:a.b.c.d) is checked as the IPv4 address.
  return allowed.check(address, family) || !inside.check(address, family);
}

/**
 * Looks a name up when the connection is made, and leaves out what may not be reached. To look before would be too early: who owns the
 * name could answer otherwise the second time.
 */
export function guardedLookup(allowed: BlockList): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, "");
      const reachable = found.filter(({ address }) => mayReach(address, allowed));
      const [first] = reachable;
      if (first === undefined) return callback(refusal(hostname), "");
      if (options.all === true) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };
}

/** Throws when a host is an address, which nobody looks up, and may not be reached. */
export function checkHost(hostname: string, allowed: BlockList): void {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0 && !mayReach(address, allowed)) throw refusal(address);
}

function refusal(host: string): AddressRefused {
  return new AddressRefused(
    `${host} is not on the internet; what inside may be reached is named in WEBHOOK_NETWORKS`,
  );
}
