import { X509Certificate } from "node:crypto";
import { rmSync } from "node:fs";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { createAuthority, type KeyPair } from "../harness/certificates.ts";
import { until } from "../harness/local-servers.ts";
import { closed, connectOnce, grantedTo, provision, returnCodeOf } from "../harness/logins.ts";
import type { Program } from "../harness/program.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

// Over TLS, with certificates and ACCESS=credentials, from the handshake to the topics.

const authority = createAuthority("devices of ours");
let services: Services;
let broker: Program;
let api: Api;
let url: string;

beforeAll(async () => {
  const server = authority.issue("tidemark");
  services = await openServices({ database: await createTestDatabase(inject("postgresUrl")) });
  broker = services.start("broker", {
    ACCESS: "credentials",
    MQTTS_PORT: "0",
    TLS_CERT_FILE: server.certFile,
    TLS_KEY_FILE: server.keyFile,
    TLS_CA_FILE: authority.caFile,
    TLS_CRL_FILE: authority.revoke(),
  });
  url = (await broker.ready())["mqtts"] ?? "";
  const web = services.start("web", { WEB_PORT: "0" });
  api = apiAt((await web.ready())["console"] ?? "");
});

afterAll(async () => {
  await services.stop();
  rmSync(authority.folder, { recursive: true, force: true });
});

const shown = (pair?: KeyPair) => ({
  ...{ url, ca: authority.ca },
  ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
});

const loginOf = (id: string, pair: KeyPair) => ({ ...shown(pair), clientId: id });

async function deviceWithCertificate(id: string): Promise<KeyPair> {
  await provision(api, id);
  return authority.issue(id);
}

async function isHeard(client: MqttClient): Promise<boolean> {
  const heard = new Promise((resolve) => client.once("message", resolve));
  const topic = `devices/${client.options.clientId}/messages/hello`;
  expect(await grantedTo(client, [topic], 1)).toEqual([1]);
  await client.publishAsync(topic, "here", { qos: 1 });
  return heard.then(() => true);
}

test("a device is let in by its certificate alone, to its own topics", async () => {
  const client = await connectOnce(loginOf("press-01", await deviceWithCertificate("press-01")));
  expect(await isHeard(client)).toBe(true);
  expect(await grantedTo(client, ["devices/press-02/telemetry"], 1)).toEqual([128]);
  await client.endAsync(true);
});

test("a certificate of a device that is not provisioned, or of another name than is said, is refused", async () => {
  const pair = await deviceWithCertificate("press-03");
  expect(await returnCodeOf({ ...loginOf("press-03", pair), username: "press-04" })).toBe(5);
  // As for a name and a password that are wrong: it is not told which devices there are.
  expect(await returnCodeOf(loginOf("stranger", authority.issue("stranger")))).toBe(4);
});

test("without a certificate it takes a password", async () => {
  const password = await provision(api, "press-05");
  const login = { ...shown(), clientId: "press-05", username: "press-05" };
  expect(await returnCodeOf({ ...login, password })).toBe(0);
  expect(await returnCodeOf({ ...login, password: "a wrong password" })).toBe(4);
  expect(await returnCodeOf({ ...shown(), clientId: "press-05" })).toBe(5);
});

test("a certificate that is revoked by the API is cut off within a second, and refused from then on", async () => {
  const pair = await deviceWithCertificate("press-06");
  const client = await connectOnce(loginOf("press-06", pair));
  const end = closed(client);
  const { fingerprint256: fingerprint } = new X509Certificate(pair.cert);
  expect((await api.post("devices/press-06/certificates/revoke", { fingerprint })).status).toBe(204);
  expect(await end).toBeLessThan(1000);
  expect(await returnCodeOf(loginOf("press-06", pair))).toBe(5);
  // The device itself is not shut out.
  const renewed = await connectOnce(loginOf("press-06", authority.issue("press-06")));
  expect(await isHeard(renewed)).toBe(true);
  await renewed.endAsync(true);
});

test("a certificate that its authority revokes no longer passes the handshake once the list is read again", async () => {
  const pair = await deviceWithCertificate("press-07");
  expect(await returnCodeOf(loginOf("press-07", pair))).toBe(0);
  authority.revoke(pair);
  broker.child.kill("SIGHUP");
  await until("it is refused", async () => (await returnCodeOf(loginOf("press-07", pair))) !== 0);
  expect(await returnCodeOf(loginOf("press-07", authority.issue("press-07")))).toBe(0);
});
