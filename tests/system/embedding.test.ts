import { rmSync } from "node:fs";
import { connectAsync } from "mqtt";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataFolder } from "../data-folder.ts";
import { until } from "../harness/local-servers.ts";
import { type Caller, callerAt, comeIn, firstAdminOf, passwords } from "../harness/operators.ts";
import { type Program, startProgram } from "../harness/program.ts";

const key = "a-key-of-the-legacy-door";
const board = "https://board.example";

interface Made {
  readonly secret: string;
  readonly embed: { readonly id: string; readonly deviceId: string };
}

describe("a platform whose charts are shown elsewhere", () => {
  const folder = dataFolder("embedding");
  let program: Program;
  let base: string;
  let admin: Caller;
  let viewer: Caller;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    const access = { ACCESS: "credentials", LEGACY_HTTP_KEY: key, EMBED_ORIGINS: board };
    program = startProgram([], { DATA_DIR: folder, ...access });
    base = (await program.ready())["console"] ?? "";
    admin = await firstAdminOf(program);
    await admin.ask("operators", { body: { name: "ben", role: "viewer", password: passwords.ben } });
    viewer = await comeIn(base, "login", { name: "ben", password: passwords.ben });
    for (const device of ["press-1", "oven-1"]) await measure(device, 21);
  });

  afterAll(async () => {
    for (const socket of sockets) socket.disconnect();
    await program.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  async function measure(device: string, value: number): Promise<void> {
    const metrics = [{ type: "temperature", value }];
    const headers = { "content-type": "application/json", "x-api-key": key };
    const body = JSON.stringify({ device_id: device, metrics });
    const { status } = await fetch(`${base}/data`, { method: "POST", headers, body });
    expect(status).toBe(202);
  }

  async function make(deviceId: string): Promise<Made> {
    const made = await admin.ask("embeds", { body: { deviceId, label: "board in hall 2" } });
    expect(made.status).toBe(201);
    return made.body as unknown as Made;
  }

  const withToken = ({ secret }: Pick<Made, "secret">) =>
    callerAt(base, { authorization: `Bearer ${secret}` });
  const question = (device: string) => `history?device=${device}&from=2026-01-01`;

  test("gives a token that reads what one device measured, and nothing else", async () => {
    const made = await make("press-1");
    expect(made.secret).toMatch(/^tme_[\w-]{43}$/);
    const chart = withToken(made);
    await until("the reading is stored", async () => {
      const { series } = (await chart.ask(question("press-1"))).body as { series?: unknown[] };
      return series?.length === 1;
    });
    expect((await chart.ask("readings?device=press-1")).status).toBe(200);
    for (const path of [
      question("oven-1"),
      `${question("press-1")}&device=oven-1`,
      "readings?device=oven-1",
      "devices",
      "anomalies?device=press-1",
      "alarms?device=press-1",
      "export.csv?device=press-1",
      "me",
      "embeds",
    ])
      expect([path, (await chart.ask(path)).status]).toEqual([path, 403]);
    const change = await chart.ask("alarms/1/acknowledge?device=press-1", { body: { version: 1 } });
    expect(change.status).toBe(403);
    const { body } = await admin.ask("audit?target=press-1");
    expect(body).toMatchObject({ changes: [{ by: "operator:ada", action: "embed.add" }] });
    expect(JSON.stringify([body, (await admin.ask("embeds")).body])).not.toContain(made.secret);
  });

  test("is made and revoked by admins, and by no program", async () => {
    expect((await viewer.ask("embeds")).status).toBe(403);
    expect((await viewer.ask("embeds", { body: { deviceId: "press-1", label: "x" } })).status).toBe(403);
    const token = await admin.ask("tokens", { body: { name: "ci", role: "admin" } });
    const ci = withToken(token.body as unknown as Made);
    expect((await ci.ask("embeds", { body: { deviceId: "press-1", label: "x" } })).status).toBe(403);
    const unknown = await admin.ask("embeds/00000000-0000-4000-8000-000000000000", { method: "DELETE" });
    expect([unknown.status, unknown.body["code"]]).toEqual([404, "EMBED_UNKNOWN"]);
  });

  test("pushes the readings of that device to whoever has the token, until it is revoked", async () => {
    const made = await make("press-1");
    const options = { transports: ["websocket"], reconnection: false, forceNew: true };
    const socket = io(base, { ...options, protocols: made.secret });
    const nobody = io(base, { ...options, protocols: "tme_forged" });
    sockets.push(socket, nobody);
    const refused = new Promise((resolve) => nobody.once("connect_error", resolve));
    const heard: string[] = [];
    socket.on("readings", (batch: { deviceId: string }[]) => {
      for (const { deviceId } of batch) heard.push(deviceId);
    });
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    await refused;
    socket.emit("watch", ["oven-1", "press-1"]);
    // The server takes what one browser says in order, so it watches once this is answered.
    await socket.emitWithAck("resume", null);
    await measure("oven-1", 22);
    await measure("press-1", 22);
    await until("the reading is pushed", () => heard.length > 0);
    expect(heard).toEqual(["press-1"]);
    // Whether the device is there is for operators.
    const watching = io(base, { ...options, extraHeaders: viewer.headers });
    sockets.push(watching);
    const told = new Promise((resolve) => watching.once("presence", resolve));
    const overheard: unknown[] = [];
    socket.on("presence", (changes) => overheard.push(changes));
    watching.emit("watch", ["press-1"]);
    await watching.emitWithAck("resume", null);
    const { body } = await admin.ask("devices", { body: { devices: [{ id: "press-1" }] } });
    const [{ password }] = (body as { devices: [{ password: string }] }).devices;
    const login = { username: "press-1", clientId: "press-1", password };
    const device = await connectAsync((await program.ready())["mqtt"] ?? "", login);
    expect(await told).toMatchObject([{ deviceId: "press-1", isOnline: true }]);
    await socket.emitWithAck("resume", null);
    expect(overheard).toEqual([]);
    await device.endAsync(true);
    expect((await admin.ask(`embeds/${made.embed.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await withToken(made).ask(question("press-1"))).status).toBe(401);
    await until("the socket is closed", () => !socket.connected, { withinMs: 10_000 });
  });

  test("lets a browser frame that page alone, on pages of those that are named, and tells nobody where it came from", async () => {
    const headersOf = async (path: string) => {
      const { headers, status } = await fetch(`${base}${path}`);
      const policy = headers.get("content-security-policy") ?? "";
      const framedBy = /frame-ancestors ([^;]*)/.exec(policy)?.[1];
      return [status, framedBy, headers.get("x-frame-options"), headers.get("referrer-policy")];
    };
    const secret = "tme_in-an-address";
    expect(await headersOf(`/embed/device/press-1?token=${secret}`)).toEqual([
      200,
      board,
      null,
      "no-referrer",
    ]);
    for (const path of ["/", "/devices/press-1", "/docs", "/embed.html"])
      expect([path, ...(await headersOf(path))]).toEqual([path, 200, "'none'", "DENY", "no-referrer"]);
    expect(program.output()).not.toContain(secret);
  });

  test("keeps a viewer's own views, and shares those of operators", async () => {
    const view = { page: "devices", name: "Late", query: { state: "stale" } };
    const made = await viewer.ask("views", { body: view });
    expect(made).toMatchObject({ status: 201, body: { view: { isOwn: true, isShared: false } } });
    expect((await viewer.ask("views", { body: { ...view, isShared: true, name: "Ours" } })).status).toBe(403);
    expect(
      (await viewer.ask("views", { body: { ...view, name: "Odd", query: { state: "late" } } })).status,
    ).toBe(400);
    await admin.ask("views", { body: { ...view, name: "Shared", isShared: true } });
    const { views } = (await viewer.ask("views?page=devices")).body as {
      views: { id: number; name: string }[];
    };
    expect(views.map(({ name }) => name)).toEqual(["Late", "Shared"]);
    const [own, shared] = views;
    const rename = { method: "PATCH", body: { name: "Later" } };
    expect((await viewer.ask(`views/${own?.id}`, rename)).body).toMatchObject({ view: { name: "Later" } });
    expect((await viewer.ask(`views/${shared?.id}`, rename)).status).toBe(403);
    expect((await viewer.ask(`views/${own?.id}`, { method: "DELETE" })).status).toBe(204);
  });
});
