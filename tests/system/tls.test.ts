import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { connectAsync, type MqttClient } from "mqtt";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { dataFolder } from "../data-folder.ts";
import { createAuthority, install } from "../harness/certificates.ts";
import { temporaryFolder, until } from "../harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../harness/program.ts";

const authority = createAuthority("tidemark tests");
const folder = temporaryFolder("tls");
const dataDir = dataFolder("tls-data");
const mounted = join(folder, "mounted");
let program: Program;
let addresses: Readonly<Record<string, string>>;

/** Files as Kubernetes mounts a secret: links into a folder that is itself reached by a link, which is swapped as a whole. */
function mount(version: string, name: string): { TLS_CERT_FILE: string; TLS_KEY_FILE: string } {
  install(authority.issue(name), join(mounted, version));
  symlinkSync(version, join(mounted, "..data_tmp"));
  renameSync(join(mounted, "..data_tmp"), join(mounted, "..data"));
  return { TLS_CERT_FILE: join(mounted, "tls.crt"), TLS_KEY_FILE: join(mounted, "tls.key") };
}

beforeAll(async () => {
  mkdirSync(mounted);
  const files = mount("..first", "first");
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(mounted, name));
  program = startProgram([], {
    DATA_DIR: dataDir,
    MQTTS_PORT: "0",
    MQTT_WSS_PORT: "0",
    HTTP_TLS: "true",
    ...files,
  });
  addresses = await program.ready();
});

afterAll(async () => {
  await program.kill("SIGKILL");
  for (const gone of [folder, dataDir, authority.folder]) rmSync(gone, { recursive: true, force: true });
});

const trust = { ca: authority.ca };

/** A TLS connection to the MQTT port, once the handshake is over. */
async function shake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", port: portOf(addresses["mqtts"]), ...trust, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** The common name in the certificate that new connections meet. */
async function nameServed(): Promise<unknown> {
  const socket = await shake();
  const name: unknown = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

const serves = (name: string) => until(`${name} is served`, async () => (await nameServed()) === name);

async function echoes(client: MqttClient, topic: string): Promise<string> {
  await client.subscribeAsync(topic, { qos: 1 });
  const heard = new Promise<string>((resolve) =>
    client.once("message", (_topic, payload) => resolve(`${payload}`)),
  );
  await client.publishAsync(topic, "21.5", { qos: 1 });
  return heard;
}

test.each(["TLSv1.2", "TLSv1.3"] as const)("%s is spoken", async (version) => {
  const socket = await shake({ minVersion: version, maxVersion: version });
  expect(socket.getProtocol()).toBe(version);
  socket.destroy();
});

test.each(["TLSv1", "TLSv1.1"] as const)("%s is refused", async (version) => {
  const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" } as const;
  await expect(shake(old)).rejects.toMatchObject({
    code: expect.stringMatching(/PROTOCOL_VERSION|ECONNRESET/),
  });
});

test.each(["mqtts", "secureWebSocket"])("a device publishes and hears over %s", async (door) => {
  const client = await connectAsync(addresses[door] ?? "", { clientId: door, ...trust });
  expect(await echoes(client, `devices/${door}/telemetry/temperature`)).toBe("21.5");
  await client.endAsync();
});

test("console, API and push are served over HTTPS", async () => {
  const base = addresses["console"] ?? "";
  expect(base).toMatch(/^https:/);
  const status = await new Promise((resolve, reject) => {
    const asked = request(`${base}/api/v1/devices`, { ...trust }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
  expect(status).toBe(200);
  const push = io(base, { transports: ["websocket"], ca: authority.ca.toString() });
  await new Promise<void>((resolve, reject) => {
    push.on("connect", resolve);
    push.on("connect_error", reject);
  });
  push.disconnect();
});

describe("a connection stays, and the next one meets the new certificate,", () => {
  let device: MqttClient;
  let closes = 0;

  beforeAll(async () => {
    device = await connectAsync(addresses["mqtts"] ?? "", { clientId: "steady", ...trust });
    device.on("close", () => {
      closes += 1;
    });
  });

  afterAll(async () => {
    expect(closes).toBe(0);
    expect(await echoes(device, "devices/steady/telemetry/temperature")).toBe("21.5");
    await device.endAsync();
  });

  test("when Kubernetes swaps the folder", async () => {
    expect(await nameServed()).toBe("first");
    mount("..second", "second");
    await serves("second");
  });

  test("when SIGHUP tells of a change that no watched folder shows", async () => {
    // Written into the folder behind the link; what is watched is the folder of the link.
    install(authority.issue("third"), join(mounted, "..second"));
    expect(await nameServed()).toBe("second");
    program.child.kill("SIGHUP");
    await serves("third");
  });

  test("but not while the pair is half written", async () => {
    const next = authority.issue("fourth");
    writeFileSync(join(mounted, "..second", "tls.crt"), next.cert);
    program.child.kill("SIGHUP");
    await until("it is told", () => program.output().includes("certificate not reloaded"));
    expect(program.output()).toContain("TLS_KEY_FILE: is not the key of the certificate in TLS_CERT_FILE");
    expect(await nameServed()).toBe("third");
    writeFileSync(join(mounted, "..second", "tls.key"), next.key);
    program.child.kill("SIGHUP");
    await serves("fourth");
  });

  test("and HTTPS follows as MQTT does", async () => {
    const socket = connectTls({ host: "127.0.0.1", port: portOf(addresses["console"]), ...trust });
    await once(socket, "secureConnect");
    expect(socket.getPeerCertificate().subject.CN).toBe("fourth");
    socket.destroy();
  });
});

test("who never finishes the handshake is cut off after ten seconds", async () => {
  const startedMs = performance.now();
  const sockets = ["mqtts", "secureWebSocket", "console"].map((door) =>
    connectTcp(portOf(addresses[door]), "127.0.0.1"),
  );
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on("error", () => undefined);
      socket.resume();
      // The first bytes of a hello that promises more.
      socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
      await once(socket, "close");
    }),
  );
  expect(performance.now() - startedMs).toBeGreaterThan(8_000);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
});

test("the faults of the files are told before anything starts", async () => {
  const [one, other] = [authority.issue("one"), authority.issue("other")];
  const started = startProgram([], {
    DATA_DIR: dataDir,
    TLS_CERT_FILE: one.certFile,
    TLS_KEY_FILE: other.keyFile,
    TLS_CA_FILE: join(folder, "nowhere.pem"),
    MQTT_PORT: "x",
  });
  expect(await started.exit()).toBe(1);
  expect(started.output()).toContain("CONFIG_INVALID");
  expect(started.output()).toContain("MQTT_PORT: expected");
  expect(started.output()).toContain(`TLS_CA_FILE: cannot read ${join(folder, "nowhere.pem")} (ENOENT)`);
  const mismatched = startProgram([], {
    DATA_DIR: dataDir,
    TLS_CERT_FILE: one.certFile,
    TLS_KEY_FILE: other.keyFile,
    TLS_CA_FILE: one.keyFile,
  });
  expect(await mismatched.exit()).toBe(1);
  expect(mismatched.output()).toMatch(
    /TLS_KEY_FILE: is not the key .*\n.*TLS_CA_FILE|TLS_CA_FILE.*\n.*TLS_KEY_FILE: is not/,
  );
  expect(readFileSync(one.certFile)).toEqual(one.cert);
});

test("an expired certificate is served with a warning, and a stop does not wait for half a handshake", async () => {
  const expired = authority.issue("expired", { days: 0 });
  const started = startProgram(["broker"], {
    REDIS_URL: `${inject("redisUrl")}/9`,
    MQTTS_PORT: "0",
    MQTT_WSS_PORT: "0",
    TLS_CERT_FILE: expired.certFile,
    TLS_KEY_FILE: expired.keyFile,
  });
  const { mqtts } = await started.ready();
  expect(started.output()).toContain("certificate has expired");
  const half = connectTcp(portOf(mqtts), "127.0.0.1");
  half.on("error", () => undefined);
  await once(half, "connect");
  const whole = connectTls({ host: "127.0.0.1", port: portOf(mqtts), rejectUnauthorized: false });
  await once(whole, "secureConnect");
  whole.on("error", () => undefined);
  started.child.kill("SIGTERM");
  expect(await started.exit()).toBe(0);
});
