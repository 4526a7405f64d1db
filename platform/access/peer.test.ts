import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { isCrossSite, isNetwork, listProxies, readPeer } from "./peer.ts";

function request(
  remoteAddress: string,
  headers: IncomingMessage["headers"] = {},
  encrypted = false,
): Pick<IncomingMessage, "headers" | "socket"> {
  // All that is looked at.
  const socket = { remoteAddress, encrypted } as unknown as IncomingMessage["socket"];
  return { headers: { host: "Plant.example:8080", ...headers }, socket };
}

const nobody = listProxies([]);
const proxies = listProxies(["10.0.0.0/8", "fd00::/8", "192.0.2.7"]);
const forwarded = {
  "x-forwarded-for": "198.51.100.9, 203.0.113.5, 10.1.1.1",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "tidemark.example",
};

describe("who sent a request", () => {
  test("is the other end of the connection, whatever the headers say", () => {
    const peer = { address: "203.0.113.9", isSecure: false, host: "plant.example:8080" };
    expect(readPeer(request("203.0.113.9", forwarded), proxies)).toEqual(peer);
    expect(readPeer(request("::ffff:203.0.113.9", forwarded), nobody)).toEqual(peer);
  });

  test.each(["10.2.3.4", "::ffff:10.2.3.4", "fd00::1", "192.0.2.7"])("is told by the proxy %s", (proxy) => {
    const peer = { address: "203.0.113.5", isSecure: true, host: "tidemark.example" };
    expect(readPeer(request(proxy, forwarded), proxies)).toEqual(peer);
  });

  test("is not told by what stands before the first proxy, nor by nonsense", () => {
    const spoofed = { "x-forwarded-for": "127.0.0.1, 203.0.113.5" };
    expect(readPeer(request("10.0.0.1", spoofed), proxies).address).toBe("203.0.113.5");
    const nonsense = { "x-forwarded-for": "<script>" };
    expect(readPeer(request("10.0.0.1", nonsense), proxies).address).toBe("10.0.0.1");
  });

  test("came over TLS when the socket says so", () => {
    expect(readPeer(request("203.0.113.9", {}, true), nobody).isSecure).toBe(true);
    expect(readPeer(request("10.0.0.1", { "x-forwarded-proto": "http" }, true), proxies).isSecure).toBe(
      false,
    );
  });
});

describe("a page of another site", () => {
  const peer = { address: "203.0.113.9", isSecure: false, host: "plant.example:8080" };

  test.each([
    [{}, false],
    [{ "sec-fetch-site": "same-origin" }, false],
    [{ "sec-fetch-site": "none" }, false],
    [{ "sec-fetch-site": "same-site" }, true],
    [{ "sec-fetch-site": "cross-site" }, true],
    [{ "sec-fetch-site": "cross-site", origin: "http://plant.example:8080" }, true],
    [{ origin: "http://plant.example:8080" }, false],
    [{ origin: "https://plant.example:8080" }, false],
    [{ origin: "http://plant.example" }, true],
    [{ origin: "http://evil.example:8080" }, true],
    [{ origin: "null" }, true],
  ])("is told by %j: %s", (headers, isForeign) => {
    expect(isCrossSite({ headers }, peer)).toBe(isForeign);
  });
});

test.each([
  ["10.0.0.1", true],
  ["10.0.0.0/8", true],
  ["::1", true],
  ["fd00::/129", false],
  ["10.0.0.0/33", false],
  ["10.0.0.0/", false],
  ["10.0.0.0/8/8", false],
  ["traefik", false],
])("%s is a network: %s", (entry, isOne) => {
  expect(isNetwork(entry)).toBe(isOne);
});
