import { connect } from "node:net";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { listProxies } from "../access/peer.ts";
import { LimitNotices } from "../limit-notices.ts";
import { type Metrics, openMetrics } from "../telemetry.ts";
import { closeHttp, type HttpDoor, listenHttp, openHttpDoor } from "./http-server.ts";

let door: HttpDoor;
let metrics: Metrics;

function open(limits: { requestsPerSecond?: number; connections?: number }): HttpDoor {
  metrics = openMetrics();
  const log = pino({ level: "silent" });
  door = openHttpDoor({
    log,
    config: {
      MAX_PACKET_BYTES: 1000,
      MAX_HTTP_REQUESTS_PER_SECOND: limits.requestsPerSecond ?? 0,
      MAX_HTTP_CONNECTIONS: limits.connections ?? 0,
    },
    proxies: listProxies(["10.9.9.9"]),
    notices: new LimitNotices({ log, metrics }),
    headMs: 200,
  });
  door.get("/hello", () => ({ hello: "you" }));
  door.get("/live", () => ({ status: "live" }));
  return door;
}

afterEach(() => closeHttp(door));

const listen = (): Promise<number> => listenHttp(door, { host: "127.0.0.1", port: 0, setting: "HTTP_PORT" });

async function timesLimited(limit: string): Promise<number> {
  const { values } = await metrics.limited.get();
  return values.find(({ labels }) => labels.limit === limit)?.value ?? 0;
}

/** Says something over a bare socket; answers with all that comes until it is closed. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
    socket.write(text);
  });
}

test("beyond its rate an address is answered 429 and when to come again; others, and probes, are answered", async () => {
  open({ requestsPerSecond: 2 });
  const from = (remoteAddress: string, url = "/hello") => door.inject({ url, remoteAddress });
  const answers = [];
  for (let time = 0; time < 11; time += 1) answers.push(await from("10.0.0.1"));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([...Array<number>(10).fill(200), 429]);
  expect(answers[10]?.headers["retry-after"]).toBe("1");
  expect(answers[10]?.json()).toEqual({ error: expect.stringContaining("10.0.0.1"), code: "RATE_LIMITED" });
  expect((await from("10.0.0.1", "/nowhere")).statusCode).toBe(429);
  expect((await from("10.0.0.1", "/live")).statusCode).toBe(200);
  expect((await from("10.0.0.2")).statusCode).toBe(200);
  const forwarded = { url: "/hello", remoteAddress: "10.9.9.9", headers: { "x-forwarded-for": "10.0.0.1" } };
  expect((await door.inject(forwarded)).statusCode).toBe(429);
  expect(await timesLimited("http_rate")).toBe(3);
});

test("a request that comes by halves is cut off in time", async () => {
  open({});
  const port = await listen();
  const startedMs = performance.now();
  const heard = await say(port, "GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  expect(performance.now() - startedMs).toBeLessThan(2000);
  expect(heard).toMatch(/^HTTP\/1\.1 408 .*\r\n\r\n{"error":"[^"]+","code":"REQUEST_TIMEOUT"}$/s);
  expect(await timesLimited("http_timeout")).toBe(1);
});

test("what is no HTTP is answered in the shape of every other fault", async () => {
  open({});
  expect(await say(await listen(), "\x10\x0e\x00\x04MQTT")).toMatch(
    /^HTTP\/1\.1 400 .*"code":"REQUEST_INVALID"}$/s,
  );
});

test("a listener has so many connections, and drops the next", async () => {
  open({ connections: 1 });
  const port = await listen();
  const first = connect(port, "127.0.0.1");
  await new Promise((resolve) => first.once("connect", resolve));
  expect(await say(port, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")).toBe("");
  expect(await timesLimited("http_connections")).toBe(1);
  first.destroy();
});
