import { describe, expect, test } from "vitest";
import { listProxies } from "../../platform/access/peer.ts";
import { checkHost, mayReach } from "./addresses.ts";

const nothing = listProxies([]);

describe("a webhook", () => {
  test.each(["1.1.1.1", "172.32.0.1", "192.169.0.1", "100.63.255.255", "2606:4700::1111", "::ffff:1.1.1.1"])(
    "may reach %s",
    (address) => expect(mayReach(address, nothing)).toBe(true),
  );

  test.each([
    ...["127.0.0.1", "127.255.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"],
    ...[
      "100.64.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
      "fe80::1",
      "fc00::1",
      "fd12::1",
      "ff02::1",
    ],
    ...["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::a00:1", "2002:7f00:1::"],
  ])("may not reach %s", (address) => expect(mayReach(address, nothing)).toBe(false));

  test("may reach what was allowed, and nothing beside it", () => {
    const allowed = listProxies(["10.0.0.0/24", "fd12::/16"]);
    expect(["10.0.0.7", "10.0.1.7", "fd12::1", "fd13::1"].map((one) => mayReach(one, allowed))).toEqual([
      ...[true, false, true, false],
    ]);
  });

  // As URL writes them: numbers in other bases are addresses by then.
  test.each([
    "http://127.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://[::1]/",
    "http://[::ffff:7f00:1]/",
  ])("does not get to %s by another spelling", (url) =>
    expect(() => checkHost(new URL(url).hostname, nothing)).toThrow(/not on the internet/),
  );
});
