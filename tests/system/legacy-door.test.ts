import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { type Caller, comeIn, firstAdminOf, passwords } from "../harness/operators.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";

const key = "a-key-of-the-legacy-door";

describe("the doors beside the API, where people log in", () => {
  let database: TestDatabase;
  let program: Program;
  let base: string;
  let admin: Caller;
  let viewer: Caller;

  beforeAll(async () => {
    database = await createTestDatabase(inject("postgresUrl"));
    program = startProgram([], { DATABASE_URL: database.url, ACCESS: "credentials", LEGACY_HTTP_KEY: key });
    base = (await program.ready())["console"] ?? "";
    admin = await firstAdminOf(program);
    await admin.ask("operators", { body: { name: "ben", role: "viewer", password: passwords.ben } });
    viewer = await comeIn(base, "login", { name: "ben", password: passwords.ben });
  });

  afterAll(async () => {
    await program.kill("SIGKILL");
    await database.drop();
  });

  const http = (path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(new URL(path, base), { headers, ...(body === undefined ? {} : { method: "POST", body }) });
  const statusOf = async (...request: Parameters<typeof http>) => (await http(...request)).status;

  test("opens the legacy door to who shows its key, and to operators as far as they may", async () => {
    const reading = JSON.stringify({ device_id: "old", metrics: [{ type: "temperature", value: 21 }] });
    const timeout = JSON.stringify({ active_device_timeout_seconds: 77 });
    expect(await statusOf("/health")).toBe(200);
    expect(await statusOf("/latest")).toBe(401);
    expect(await statusOf("/data", {}, reading)).toBe(401);
    expect(await statusOf("/data", { "x-api-key": "wrong" }, reading)).toBe(401);
    expect(await statusOf("/data", { "x-api-key": key }, reading)).toBe(202);
    expect(await statusOf("/latest", { authorization: `Bearer ${key}` })).toBe(200);
    expect(await statusOf("/latest", viewer.headers)).toBe(200);
    expect(await statusOf("/config", viewer.headers, timeout)).toBe(403);
    expect(await statusOf("/config", { ...admin.headers, origin: "https://evil.example" }, timeout)).toBe(
      403,
    );
    expect(await statusOf("/config", admin.headers, timeout)).toBe(200);
    expect(await statusOf("/config", { "x-api-key": key }, timeout.replace("77", "78"))).toBe(200);
    expect((await admin.ask("audit?target=active_device_timeout_seconds")).body).toMatchObject({
      changes: [
        { by: "legacy key", action: "setting.change", before: 77, after: 78 },
        { by: "operator:ada", action: "setting.change", before: 60, after: 77 },
      ],
    });
  });

  test("shows its metrics to viewers, and that it lives to everybody", async () => {
    expect([await statusOf("/live"), await statusOf("/ready"), await statusOf("/metrics")]).toEqual([
      200, 200, 401,
    ]);
    const text = await (await http("/metrics", viewer.headers)).text();
    expect(text).toMatch(/^iot_http_refused_total\{code="UNAUTHENTICATED"\} [1-9]/m);
  });

  test("records replays and discards of what was refused", async () => {
    await http("/data", { "x-api-key": key }, "junk");
    await until("it is kept", async () =>
      JSON.stringify((await admin.ask("rejected")).body).includes("PAYLOAD_NOT_JSON"),
    );
    await admin.ask("rejected/discard", { body: { code: "PAYLOAD_NOT_JSON" } });
    expect((await admin.ask("audit?target=rejected")).body).toMatchObject({
      changes: [
        { by: "operator:ada", action: "rejected.discard", before: { code: "PAYLOAD_NOT_JSON", count: 1 } },
      ],
    });
    const pages = await admin.ask("audit?limit=1");
    const next = Number(pages.body["next"]);
    expect((await admin.ask(`audit?limit=1&before=${next}`)).body).toMatchObject({
      changes: [{ id: expect.any(Number) }],
    });
  });
});

test.each([
  [{}, 401],
  [{ LEGACY_HTTP_OPEN: "true" }, 200],
])("the legacy door with %j and credentials answers %i to whoever comes", async (settings, status) => {
  const database = await createTestDatabase(inject("postgresUrl"));
  const program = startProgram([], { DATABASE_URL: database.url, ACCESS: "credentials", ...settings });
  const { http = "" } = await program.ready();
  expect((await fetch(`${http}/latest`)).status).toBe(status);
  expect((await fetch(`${http}/api/v1/devices`)).status).toBe(401);
  await program.kill("SIGKILL");
  await database.drop();
});

test.each(["open", "credentials"])(
  "with ACCESS=%s many devices behind the legacy door are not held to the pace of one connection",
  async (access) => {
    const database = await createTestDatabase(inject("postgresUrl"));
    const settings = { DATABASE_URL: database.url, ACCESS: access, LEGACY_HTTP_KEY: key };
    const program = startProgram([], {
      ...settings,
      MAX_MESSAGES_PER_SECOND: "5",
      MAX_BYTES_PER_SECOND: "1000",
    });
    const { http = "" } = await program.ready();
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, place) => {
        const body = JSON.stringify({ device_id: `d${place}`, metrics: [{ type: "co2", value: 400 }] });
        return (await fetch(`${http}/data`, { method: "POST", headers: { "x-api-key": key }, body })).status;
      }),
    );
    expect(statuses).toEqual(Array<number>(100).fill(202));
    await program.kill("SIGKILL");
    await database.drop();
  },
);
