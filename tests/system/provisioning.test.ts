import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { dataFolder } from "../data-folder.ts";
import { type Api, apiAt } from "../harness/api.ts";
import { closed, connectOnce, returnCodeOf } from "../harness/logins.ts";
import { startProgram } from "../harness/program.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

let services: Services;
let mqtt: string;
/** On the same database, with nobody asked who they are: what operators may do is tested elsewhere. */
let api: Api;

beforeAll(async () => {
  services = await openServices({ database: await createTestDatabase(inject("postgresUrl")) });
  const broker = services.start("broker", { ACCESS: "credentials" });
  const web = services.start("web", { WEB_PORT: "0" });
  mqtt = (await broker.ready())["mqtt"] ?? "";
  api = apiAt((await web.ready())["console"] ?? "");
});

afterAll(() => services.stop());

const loginOf = (id: string, password: string) => ({ clientId: id, username: id, password });
const codeOf = (shown: ReturnType<typeof loginOf>) => returnCodeOf({ url: mqtt, ...shown });

/** Runs a command to its end. */
async function run(args: readonly string[], settings: Readonly<Record<string, string>>) {
  const program = startProgram(args, settings);
  const code = await program.exit();
  return { code, output: program.output() };
}

test("devices are provisioned one by one or many at once, with a chosen password, a made one or none", async () => {
  const devices = [
    { id: "many-1", password: "chosen by somebody" },
    { id: "many-2", labels: { site: "hall 2" } },
    { id: "many-3", password: null },
  ];
  const { status, body } = await api.post("devices", { devices });
  expect({ status, body }).toMatchObject({
    status: 201,
    body: {
      devices: [
        { id: "many-1" },
        { id: "many-2", password: expect.stringMatching(/^.{24}$/) },
        { id: "many-3", password: null },
      ],
    },
  });
  expect(await codeOf(loginOf("many-1", "chosen by somebody"))).toBe(0);
  expect((await api.get("access/devices?after=many-&limit=2")).body).toMatchObject({
    devices: [{ id: "many-1" }, { id: "many-2", labels: { site: "hall 2" } }],
    next: "many-2",
  });
  for (const [fault, code] of [
    [{ id: "many-1" }, "DEVICE_EXISTS"],
    [{ id: "a/b" }, "DEVICE_ID_INVALID"],
    [{ id: "service" }, "DEVICE_ID_INVALID"],
    [{ id: "many-4", password: "short" }, "PASSWORD_INVALID"],
    [{ id: "many-4", labels: { "a b": "" } }, "QUERY_INVALID"],
    [{ devices: [{ id: "many-4" }, { id: "many-4" }] }, "DEVICE_ID_INVALID"],
  ] as const)
    expect((await api.post("devices", fault)).body?.["code"]).toBe(code);
  expect((await api.get("devices/many-4/access")).status).toBe(404);
});

test("a device claims its credentials with a token, once, and as often as the token says", async () => {
  const { body } = await api.post("claims", { name: "line-3", maxUses: 2, labels: { line: "3" } });
  const claim = (device_id: string, token = body?.["token"]) => api.post("claim", { token, device_id });
  const claimed = await claim("claimer-1");
  expect(claimed).toMatchObject({ status: 201, body: { device_id: "claimer-1", user_name: "claimer-1" } });
  expect(await codeOf(loginOf("claimer-1", String(claimed.body?.["password"])))).toBe(0);
  expect(await claim("claimer-1")).toMatchObject({ status: 409, body: { code: "DEVICE_EXISTS" } });
  expect(await claim("claimer-2", "wrong")).toMatchObject({ status: 404, body: { code: "CLAIM_UNKNOWN" } });
  expect(await claim("a/b")).toMatchObject({ status: 400 });
  expect((await claim("claimer-2")).status).toBe(201);
  expect(await claim("claimer-3")).toMatchObject({ status: 403, body: { code: "CLAIM_USED_UP" } });
  expect((await api.get("claims")).body).toMatchObject({ claims: [{ name: "line-3", uses: 2, maxUses: 2 }] });
  expect((await api.get("devices/claimer-2/access")).body).toMatchObject({ labels: { line: "3" } });
});

describe("a list of devices", () => {
  test("is provisioned in one go, and the passwords that were made are in the answer", async () => {
    const chosen = "a, chosen password";
    const answer = await api.postCsv(
      "devices/import",
      `device_id,password,labels\nlist-1,,site=hall 2\nlist-2,"${chosen}",\n`,
    );
    expect(answer.status).toBe(201);
    const [, made = ""] = /^device_id,password\nlist-1,(\S+)\n$/.exec(answer.text) ?? [];
    expect(await codeOf(loginOf("list-1", made))).toBe(0);
    expect(await codeOf(loginOf("list-2", chosen))).toBe(0);
  });

  test("with a line at fault is not provisioned at all", async () => {
    const answer = await api.postCsv(
      "devices/import",
      "device_id,password\nlist-3,\nlist-1,\nlist-4,short\na/b,\n",
    );
    expect(answer).toMatchObject({ status: 400, body: { code: "LIST_INVALID" } });
    expect(answer.body?.["lines"]).toMatchObject([{ line: 4 }, { line: 5 }]);
    const taken = await api.postCsv("devices/import", "device_id\nlist-3\nlist-1\n");
    expect(taken.body?.["lines"]).toMatchObject([{ line: 3, reason: expect.stringMatching(/already/) }]);
    expect((await api.get("devices/list-3/access")).status).toBe(404);
  });
});

test("the command line provisions on the same database, and brokers hear of what it revokes", async () => {
  const settings = { DATABASE_URL: services.database.url, REDIS_URL: services.redis.url };
  const command = (...args: string[]) => run(args, settings);
  const added = await command("devices", "add", "shell-1", "shell-2", "--labels", "site=hall 2");
  expect(added.code).toBe(0);
  const [, password = ""] = /^shell-1,(\S+)$/m.exec(added.output) ?? [];
  const client = await connectOnce({ url: mqtt, ...loginOf("shell-1", password) });
  expect(await command("devices", "add", "shell-1")).toMatchObject({
    code: 1,
    output: expect.stringMatching(/DEVICE_EXISTS/),
  });
  expect((await command("devices", "list")).output).toMatch(/^shell-2,yes,1,\S+,site=hall 2$/m);
  const end = closed(client);
  expect(await command("devices", "revoke", "shell-1")).toEqual({ code: 0, output: "done\n" });
  await end;
  expect((await command("services", "add", "shell", "--subscribe", "#")).output).toMatch(
    /^service\/shell,\S+$/m,
  );
  expect((await command("claims", "add", "shell", "--uses", "3")).output).toMatch(/^shell,\S+$/m);
  expect((await command("claims", "list")).output).toMatch(/^shell,0,3,/m);
  const { body } = await api.get("devices/shell-1/access");
  expect(body).toMatchObject({ isEnabled: false, passwords: [] });
});

test("the command line provisions in DATA_DIR while nothing runs on it, and names the API while something does", async () => {
  const folder = dataFolder("command-line");
  const settings = { DATA_DIR: folder, ACCESS: "credentials" };
  const added = await run(["devices", "add", "cellar"], settings);
  const [, password = ""] = /^cellar,(\S+)$/m.exec(added.output) ?? [];
  const program = startProgram([], settings);
  const { mqtt: url = "" } = await program.ready();
  expect(await returnCodeOf({ url, ...loginOf("cellar", password) })).toBe(0);
  expect(await returnCodeOf({ url, ...loginOf("cellar", "something else") })).toBe(4);
  const refused = await run(["devices", "add", "attic"], settings);
  expect(refused).toMatchObject({
    code: 1,
    output: expect.stringMatching(/DATA_DIR_LOCKED.*\/api\/v1\/devices/),
  });
  await program.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});
