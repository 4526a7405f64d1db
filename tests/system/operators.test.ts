import { once } from "node:events";
import { connect as connectTo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { type Caller, callerAt, comeIn, firstAdminOf, passwords } from "../harness/operators.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";

const key = "a-key-of-the-legacy-door";

describe("a platform that asks who comes in", () => {
  let database: TestDatabase;
  let program: Program;
  let base: string;
  let token: string | undefined;
  let admin: Caller;
  let viewer: Caller;
  const sockets: Socket[] = [];

  const start = () =>
    startProgram([], { DATABASE_URL: database.url, ACCESS: "credentials", LEGACY_HTTP_KEY: key });

  beforeAll(async () => {
    database = await createTestDatabase(inject("postgresUrl"));
    // Nobody used the token of this start.
    const first = start();
    token = (await first.ready())["firstAdmin"];
    await first.kill("SIGKILL");
    program = start();
    base = (await program.ready())["console"] ?? "";
  });

  afterAll(async () => {
    for (const socket of sockets) socket.disconnect();
    await program.kill("SIGKILL");
    await database.drop();
  });

  test("makes the first admin once, with the token it printed last", async () => {
    const { firstAdmin } = await program.ready();
    expect(firstAdmin).toMatch(/^[\w-]{43}$/);
    await until("the link is told", () => program.output().includes(`${base}/#first-admin=${firstAdmin}`));
    const body = { name: "ada", password: passwords.ada };
    const lost = await callerAt(base).ask("first-admin", { body: { ...body, token } });
    expect([lost.status, lost.body["code"]]).toEqual([403, "FIRST_ADMIN_REFUSED"]);
    admin = await firstAdminOf(program);
    expect((await admin.ask("me")).body).toEqual({ name: "ada", role: "admin", kind: "operator" });
    const again = await callerAt(base).ask("first-admin", {
      body: { ...body, name: "eve", token: firstAdmin },
    });
    expect([again.status, again.body["code"]]).toEqual([403, "FIRST_ADMIN_REFUSED"]);
  });

  test("gives a session by name and password, in a cookie that scripts and other sites do not see", async () => {
    const added = await admin.ask("operators", {
      body: { name: "ben", role: "viewer", password: passwords.ben },
    });
    expect([added.status, added.body]).toEqual([201, { name: "ben" }]);
    const answer = await callerAt(base).ask("login", { body: { name: "Ben", password: passwords.ben } });
    expect(answer.headers.get("set-cookie")).toMatch(
      /^tidemark=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.headers.get("cache-control")).toBe("no-store");
    viewer = await comeIn(base, "login", { name: "ben", password: passwords.ben });
    expect((await viewer.ask("devices")).status).toBe(200);
  });

  test("refuses a viewer what is for operators and admins", async () => {
    for (const [path, request] of [
      ["operators", {}],
      ["audit", {}],
      ["tokens", { body: { name: "x", role: "admin" } }],
      ["operators/ben", { method: "PATCH", body: { role: "admin" } }],
      ["alarms/1/acknowledge", { body: { version: 1 } }],
      ["notification-routes", {}],
      ["notification-routes/1/test", { body: {} }],
      ["notifications?state=dead", {}],
      ["models/temperature/promote", { body: { revision: 0, version: 1 } }],
      ["models/temperature/train", { body: {} }],
      ["rejected/discard", { body: { code: "PAYLOAD_EMPTY" } }],
      ["rejected/00000000-0000-4000-8000-000000000000", { method: "DELETE" }],
    ] as const) {
      const { status, body } = await viewer.ask(path, request);
      expect([path, status, body["code"]]).toEqual([path, 403, "FORBIDDEN"]);
    }
  });

  test("knows nobody by a forged cookie, a forged token or none", async () => {
    for (const headers of [{}, { cookie: "tidemark=forged" }, { authorization: "Bearer tmk_forged" }]) {
      const { status, body } = await callerAt(base, headers).ask("devices");
      expect([status, body["code"]]).toEqual([401, "UNAUTHENTICATED"]);
    }
  });

  test("takes nothing from a page of another site, whoever's cookie comes with it", async () => {
    const headers = { origin: "https://evil.example" };
    const { status, body } = await admin.ask("operators", { body: { name: "eve", role: "admin" }, headers });
    expect([status, body["code"]]).toEqual([403, "CROSS_SITE"]);
    const form = await fetch(`${base}/api/v1/logout`, {
      method: "POST",
      headers: { ...admin.headers, "content-type": "text/plain" },
    });
    expect(form.status).toBe(415);
    expect((await admin.ask("me")).status).toBe(200);
  });

  function connect(headers: Readonly<Record<string, string>>): Socket {
    const socket = io(base, {
      transports: ["websocket"],
      extraHeaders: headers,
      reconnection: false,
      forceNew: true,
    });
    sockets.push(socket);
    return socket;
  }

  /** Whether the socket came in. */
  const isIn = (socket: Socket) =>
    new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("connect_error", () => resolve(false));
    });

  test("opens a socket to who may look, and to nobody else", async () => {
    const nobodys = [
      {},
      { cookie: "tidemark=forged" },
      { ...viewer.headers, origin: "https://evil.example" },
    ];
    for (const headers of nobodys) expect(await isIn(connect(headers))).toBe(false);
    expect(await isIn(connect(viewer.headers))).toBe(true);
  });

  test("outlives whatever a socket sends, and one that breaks while it is looked at", async () => {
    const browser = connect(viewer.headers);
    expect(await isIn(browser)).toBe(true);
    browser.emit("watch", [{ toString: null }, 5, null]);
    await browser.emitWithAck("resume", { toString: null });
    const { port } = new URL(base);
    for (const waitMs of [0, 1, 2, 5, 20]) {
      const socket = connectTo(Number(port), "127.0.0.1");
      await once(socket, "connect");
      socket.write(
        `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer tmk_forged\r\n\r\n`,
      );
      await pause(waitMs);
      socket.resetAndDestroy();
      await pause(50);
    }
    expect((await viewer.ask("me")).status).toBe(200);
    browser.disconnect();
  });

  test("closes the sockets of a session within seconds of its end", async () => {
    const own = await comeIn(base, "login", { name: "ben", password: passwords.ben });
    const [ended, other] = [connect(own.headers), connect(viewer.headers)];
    expect(await Promise.all([isIn(ended), isIn(other)])).toEqual([true, true]);
    expect((await own.ask("logout", { body: {} })).status).toBe(204);
    await until("the socket is closed", () => !ended.connected, { withinMs: 10_000 });
    expect(other.connected).toBe(true);
    expect((await own.ask("me")).status).toBe(401);
    // Another role ends them all.
    await admin.ask("operators/ben", { method: "PATCH", body: { role: "operator" } });
    await until("the other socket is closed", () => !other.connected, { withinMs: 10_000 });
    expect((await viewer.ask("me")).status).toBe(401);
    await admin.ask("operators/ben", { method: "PATCH", body: { role: "viewer" } });
    viewer = await comeIn(base, "login", { name: "ben", password: passwords.ben });
  });

  test("ends a session that was not used, and one that is old", async () => {
    for (const column of ["seen_at", "expires_at"]) {
      const own = await comeIn(base, "login", { name: "ben", password: passwords.ben });
      expect((await own.ask("me")).status).toBe(200);
      await database.query(
        `UPDATE sessions SET ${column} = ${column} - interval '8 days' WHERE operator = 'ben'`,
      );
      expect([column, (await own.ask("me")).status]).toEqual([column, 401]);
    }
    viewer = await comeIn(base, "login", { name: "ben", password: passwords.ben });
  });

  test("gives programs tokens with a scope and an end, and takes them back at once", async () => {
    const made = await admin.ask("tokens", {
      body: { name: "ci", role: "admin", isReadOnly: true, paths: ["/api/v1/audit"] },
    });
    expect(made.status).toBe(201);
    const { secret, token: kept } = made.body as { secret: string; token: { id: string } };
    const program = callerAt(base, { authorization: `Bearer ${secret}` });
    expect((await program.ask("audit?target=ci")).body).toMatchObject({
      changes: [{ by: "operator:ada", action: "token.add", after: { role: "admin", isReadOnly: true } }],
    });
    expect((await program.ask("devices")).status).toBe(403);
    expect(JSON.stringify((await admin.ask("tokens")).body)).not.toContain(secret);

    const events = await admin.ask("tokens", { body: { name: "wall", role: "viewer", days: 1 } });
    const wall = { authorization: `Bearer ${(events.body as { secret: string }).secret}` };
    const socket = connect(wall);
    expect(await isIn(socket)).toBe(true);
    await database.query("UPDATE api_tokens SET expires_at = now() WHERE name = 'wall'");
    expect((await callerAt(base, wall).ask("me")).status).toBe(401);
    await until("its socket is closed", () => !socket.connected, { withinMs: 10_000 });

    expect((await admin.ask(`tokens/${kept.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await program.ask("audit")).status).toBe(401);
  });

  test("lets operators change their own password, which ends their other sessions", async () => {
    const own = await comeIn(base, "login", { name: "ben", password: passwords.ben });
    const change = (current: string, next: string) => own.ask("me/password", { body: { current, next } });
    expect((await change("wrong", "another password")).body).toMatchObject({ code: "PASSWORD_WRONG" });
    expect((await change(passwords.ben, "short")).body).toMatchObject({ code: "PASSWORD_WEAK" });
    const changed = await change(passwords.ben, "another password");
    expect(changed.status).toBe(204);
    expect([(await own.ask("me")).status, (await viewer.ask("me")).status]).toEqual([401, 401]);
    const [cookie = ""] = (changed.headers.get("set-cookie") ?? "").split(";");
    viewer = callerAt(base, { cookie });
    expect((await viewer.ask("me")).status).toBe(200);
    // An admin who does not know it makes another one up.
    const { body } = await admin.ask("operators/ben/password", { body: {} });
    expect((await viewer.ask("me")).status).toBe(401);
    viewer = await comeIn(base, "login", body);
  });

  test("keeps the last admin, and disables anybody else at once", async () => {
    for (const request of [{ method: "DELETE" }, { method: "PATCH", body: { role: "viewer" } }])
      expect((await admin.ask("operators/ada", request)).body).toMatchObject({ code: "LAST_ADMIN" });
    await admin.ask("operators/ben", { method: "PATCH", body: { isDisabled: true } });
    expect((await viewer.ask("me")).status).toBe(401);
    const { body } = await admin.ask("operators/ben/password", { body: {} });
    expect((await callerAt(base).ask("login", { body })).status).toBe(401);
    await admin.ask("operators/ben", { method: "PATCH", body: { isDisabled: false } });
    viewer = await comeIn(base, "login", body);
  });

  test("is administered from the command line as well", async () => {
    const command = async (...args: string[]): Promise<[number | null, string]> => {
      const ran = startProgram(["operators", ...args], { DATABASE_URL: database.url });
      return [await ran.exit(), ran.output()];
    };
    const [code, output] = await command("add", "cleo", "--role", "operator");
    expect([code, output]).toEqual([0, expect.stringMatching(/^name,password\r?\ncleo,\S{24}\r?\n$/)]);
    const password = output.trim().split(",").at(-1);
    expect((await (await comeIn(base, "login", { name: "cleo", password })).ask("me")).body).toMatchObject({
      role: "operator",
    });
    expect(await command("delete", "ada")).toEqual([1, expect.stringContaining("LAST_ADMIN")]);
    expect(await command("delete", "cleo")).toEqual([0, "done\n"]);
    expect((await command("list"))[1]).not.toContain("cleo");
    expect(await command("add", "cleo")).toEqual([2, expect.stringContaining("needs --role")]);
  });

  // Last, for from here on this address waits.
  test("answers guesses slower and slower, a name that does not exist like one that does", async () => {
    const guess = (name: string) =>
      callerAt(base).ask("login", { body: { name, password: "a wrong password" } });
    const refusals: string[] = [];
    for (const name of ["ada", "nobody"]) {
      await until("a guess is looked at", async () => {
        const { status, body } = await guess(name);
        if (status === 401) refusals.push(JSON.stringify(body));
        return status === 401;
      });
    }
    expect(refusals[0]).toBe(refusals[1]);
    const { status, body, headers } = await guess("ada");
    expect([status, body["code"]]).toEqual([429, "LOGIN_TOO_OFTEN"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    // Who is logged in stays so.
    expect((await admin.ask("me")).status).toBe(200);
  });
});
