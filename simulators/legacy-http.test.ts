import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { parseTimestamp } from "../schema/timestamp.ts";
import { startLegacyHttp } from "./legacy-http.ts";

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
  server = undefined;
});

async function startDoor(answer: (post: number) => number | undefined) {
  const posts: { path: string; headers: Record<string, unknown>; body: string }[] = [];
  const door = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += String(part);
    posts.push({ path: `${request.method} ${request.url}`, headers: request.headers, body });
    const status = answer(posts.length);
    if (status === undefined) request.socket.destroy();
    else response.writeHead(status).end("{}");
  });
  server = door;
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  // A TCP server that listens has an address with a port.
  const { port } = door.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, posts };
}

async function until(isReached: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isReached()) {
    if (performance.now() > deadline) throw new Error("waited for five seconds");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const client = { deviceId: "legacy-01", intervalMs: 20, seed: 1, faults: true };

test("the old client posts temperature and humidity with a naive timestamp and no credentials", async () => {
  const door = await startDoor(() => 202);
  const legacy = startLegacyHttp({ ...client, httpUrl: door.url });
  await until(() => door.posts.length >= 3);
  await legacy.stop();
  const [post] = door.posts;
  expect(post?.path).toBe("POST /data");
  expect(post?.headers["content-type"]).toBe("application/json");
  expect(post?.headers).not.toHaveProperty("authorization");
  const body = JSON.parse(post?.body ?? "");
  expect(Object.keys(body)).toEqual(["device_id", "timestamp", "metrics"]);
  expect(body.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  expect(Math.abs((parseTimestamp(body.timestamp) ?? 0) / 1e3 - Date.now())).toBeLessThan(5_000);
  expect(body.metrics.map((metric: { type: string }) => metric.type)).toEqual(["temperature", "humidity"]);
});

test("answers are counted by status, and a post without an answer is not tried again", async () => {
  const door = await startDoor((post) => [202, 400, undefined][(post - 1) % 3]);
  const legacy = startLegacyHttp({ ...client, httpUrl: door.url });
  await until(() => legacy.counts().posted >= 9);
  await legacy.stop();
  const { posted, answers, unanswered } = legacy.counts();
  expect(posted).toBe((answers[202] ?? 0) + (answers[400] ?? 0) + unanswered);
  expect(unanswered).toBeGreaterThanOrEqual(2);
  expect(new Set(door.posts.map((post) => post.body)).size).toBe(door.posts.length);
});
