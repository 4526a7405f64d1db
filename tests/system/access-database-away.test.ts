import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { createPostgres, type LocalServer, temporaryFolder, until } from "../harness/local-servers.ts";
import { connectOnce, type Login, provision, returnCodeOf } from "../harness/logins.ts";
import { openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

const folder = temporaryFolder("access");
let postgres: LocalServer;
let services: Services;
let url: string;
let api: Api;

beforeAll(async () => {
  postgres = await createPostgres(folder);
  await postgres.start();
  services = await openServices({ database: await createTestDatabase(postgres.url) });
  const broker = services.start("broker", { ACCESS: "credentials" });
  const web = services.start("web", { WEB_PORT: "0" });
  url = (await broker.ready())["mqtt"] ?? "";
  api = apiAt((await web.ready())["console"] ?? "");
});

afterAll(async () => {
  await services.stop();
  await postgres.stop("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

test("while the database is away devices that are known come and go, and others are told to come again", async () => {
  const loginOf = (id: string, password: string): Login => ({ url, clientId: id, username: id, password });
  const known = loginOf("known", await provision(api, "known"));
  const unknown = loginOf("unknown", await provision(api, "unknown"));
  const stays = await connectOnce({ ...known, clientId: "known/stays" });
  expect(await returnCodeOf(known)).toBe(0);
  await postgres.stop("SIGKILL");
  expect(await returnCodeOf(known)).toBe(0);
  // 3: server unavailable. It is no failed password, and nobody is told that it was.
  expect(await returnCodeOf(unknown)).toBe(3);
  expect([3, 4]).toContain(await returnCodeOf({ ...known, password: "wrong" }));
  await stays.publishAsync("devices/known/telemetry", '{"temperature":21}', { qos: 1 });
  const starts = (): Promise<boolean> =>
    postgres.start().then(
      () => true,
      () => false,
    );
  await until("PostgreSQL starts again", starts, { withinMs: 60_000, everyMs: 500 });
  await until("the other is let in", async () => (await returnCodeOf(unknown)) === 0);
  await stays.endAsync(true);
});
