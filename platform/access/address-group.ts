import { isIPv6 } from "node:net";

/**
 * Those who count as one caller: an IPv4 address, or a /64 of IPv6, which is what one subscriber is given to make addresses of
 * (RFC 6177). IPv4 within IPv6 (`::ffff:a.b.c.d`) is the IPv4 address.
 */
export function addressGroup(address: string): string {
  const [bare = ""] = address.toLowerCase().split("%");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  return `${prefixOf(bare).join(":")}::/64`;
}

/** The first four groups of an IPv6 address, without leading zeros. */
function prefixOf(address: string): string[] {
  const [head = "", tail] = address.split("::");
  const left = groupsIn(head);
  const right = tail === undefined ? [] : groupsIn(tail);
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
}

/** An IPv4 address at the end stands for two groups. */
function groupsIn(text: string): string[] {
  return text
    .split(":")
    .filter((group) => group !== "")
    .flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
