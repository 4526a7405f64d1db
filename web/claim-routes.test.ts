import { fastify } from "fastify";
import { expect, test, vi } from "vitest";
import { listProxies, readPeer } from "../platform/access/peer.ts";
import { openMetrics } from "../platform/telemetry.ts";
import { type ClaimRouteDeps, mountClaims } from "./claim-routes.ts";

test("a refused claim is logged with the address of its sender, also behind a proxy that is trusted", async () => {
  const door = fastify();
  const info = vi.fn();
  const proxies = listProxies(["127.0.0.1"]);
  const stubs = {
    desk: { claim: async () => ({ kind: "refused", code: "CLAIM_UNKNOWN", reason: "" }) },
    callers: { peerOf: (request: Parameters<typeof readPeer>[0]) => readPeer(request, proxies) },
    log: { info },
    metrics: openMetrics(),
  };
  // As much as the one route reaches.
  await mountClaims(door, stubs as unknown as ClaimRouteDeps);
  const answer = await door.inject({
    method: "POST",
    url: "/api/v1/claim",
    headers: { "x-forwarded-for": "198.51.100.9" },
    payload: { token: "guessed", device_id: "press-1" },
  });
  expect(answer.statusCode).toBe(404);
  expect(info.mock.calls).toEqual([[{ code: "CLAIM_UNKNOWN", address: "198.51.100.9" }, "claim refused"]]);
  await door.close();
});
