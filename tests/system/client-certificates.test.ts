import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Caller, type Doors, openDoors } from "../../broker/doors.ts";
import { readConfig } from "../../platform/config.ts";
import { Certificate } from "../../platform/http/certificate.ts";
import { openLog, openMetrics } from "../../platform/telemetry.ts";
import { createAuthority, type KeyPair } from "../harness/certificates.ts";
import { until } from "../harness/local-servers.ts";

const log = openLog({ level: "silent", format: "json" });
const metrics = openMetrics();
const ours = createAuthority("devices of ours");
const foreign = createAuthority("devices of others");
const callers: Caller[] = [];
let certificate: Certificate;
let doors: Doors;

beforeAll(async () => {
  const server = ours.issue("tidemark");
  const config = readConfig(["broker"], {
    REDIS_URL: "redis://nobody",
    MQTT_PORT: "0",
    MQTT_WS_PORT: "0",
    MQTTS_PORT: "0",
    MQTT_WSS_PORT: "0",
    TLS_CERT_FILE: server.certFile,
    TLS_KEY_FILE: server.keyFile,
    TLS_CA_FILE: ours.caFile,
    TLS_CRL_FILE: ours.revoke(),
  });
  certificate = new Certificate({ settings: config, log, metrics });
  const onCaller = (caller: Caller): void => {
    callers.push(caller);
    caller.stream.on("error", () => undefined);
  };
  const admit = (): boolean => true;
  doors = await openDoors({ config, certificate, admit, onCaller, onText: () => undefined, log, metrics });
});

afterEach(() => {
  callers.length = 0;
});

afterAll(async () => {
  const closed = doors.close();
  doors.clear();
  await closed;
  await certificate.stop();
  for (const { folder } of [ours, foreign]) rmSync(folder, { recursive: true, force: true });
});

async function call(pair?: KeyPair): Promise<TLSSocket> {
  const shown = pair === undefined ? {} : { cert: pair.cert, key: pair.key };
  const socket = connectTls({ host: "127.0.0.1", port: doors.ports.mqtts, ca: ours.ca, ...shown });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

async function nameOf(pair?: KeyPair): Promise<string | undefined> {
  const socket = await call(pair);
  await until("the caller is in", () => callers.length === 1);
  socket.destroy();
  return callers[0]?.certificateName;
}

async function expectRefused(pair: KeyPair): Promise<void> {
  const socket = await call(pair);
  socket.resume();
  if (!socket.closed) await once(socket, "close");
  expect(callers).toEqual([]);
}

test("a device is known by the common name of its certificate", async () => {
  expect(await nameOf(ours.issue("press-01"))).toBe("press-01");
});

test("a device without a certificate comes in without a name, for it may have a password", async () => {
  expect(await nameOf()).toBeUndefined();
});

test("over WebSocket the name is the same", async () => {
  const { cert, key } = ours.issue("press-02");
  const url = `wss://127.0.0.1:${doors.ports.secureWebSocket}`;
  const socket = new WebSocket(url, ["mqtt"], { ca: ours.ca, cert, key });
  await once(socket, "open");
  await until("the caller is in", () => callers.length === 1);
  expect(callers[0]).toMatchObject({ certificateName: "press-02" });
  socket.terminate();
});

test("a certificate of another authority closes the connection", async () => {
  await expectRefused(foreign.issue("press-01"));
});

test("an expired certificate closes the connection", async () => {
  const expired = ours.issue("press-03", { days: 0 });
  const endedMs = Date.now() + 1100;
  await until("its second is over", () => Date.now() > endedMs);
  await expectRefused(expired);
});

test("a certificate without a common name closes the connection", async () => {
  await expectRefused(ours.issue(""));
});

test("a revoked certificate closes the connection once the list is read again, also for a session that is resumed", async () => {
  const revoked = ours.issue("press-04");
  const first = await call(revoked);
  const session = await new Promise<Buffer>((resolve) => first.once("session", resolve));
  await until("it is in", () => callers.length === 1);
  first.destroy();
  callers.length = 0;

  ours.revoke(revoked);
  certificate.reload();
  await expectRefused(revoked);
  const { cert, key } = revoked;
  const again = connectTls({ host: "127.0.0.1", port: doors.ports.mqtts, ca: ours.ca, cert, key, session });
  again.on("error", () => undefined);
  again.resume();
  await new Promise((resolve) => again.once("close", resolve));
  expect(callers).toEqual([]);
  expect(await nameOf(ours.issue("press-05"))).toBe("press-05");
});
