import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { dataFolder } from "../data-folder.ts";
import { freePort, temporaryFolder, until } from "../harness/local-servers.ts";
import { freePorts, startProgram } from "../harness/program.ts";
import { openServices } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

describe("what cannot start says so in one line and exits with 1", () => {
  test("faults of the configuration, all of them at once", async () => {
    const settings = { MQTT_PORT: "no", SHARDS: "0", DATABASE_URL: "mysql://u:secret@h/d", HOST: "0.0.0.0" };
    const program = startProgram([], settings);
    expect(await program.exit()).toBe(1);
    expect(program.output()).toMatch(/CONFIG_INVALID/);
    for (const name of Object.keys(settings)) expect(program.output()).toContain(`${name}:`);
    expect(program.output()).not.toContain("secret");
  });

  // At once: each makes a database before it comes to its ports.
  test.concurrent.each(["MQTT_PORT", "MQTT_WS_PORT", "HTTP_PORT"])("a taken %s", async (setting) => {
    const port = await freePort();
    const holder = createServer().listen(port, "127.0.0.1");
    const dataDir = dataFolder("taken");
    const program = startProgram([], { [setting]: `${port}`, DATA_DIR: dataDir });
    expect(await program.exit()).toBe(1);
    expect(program.output()).toMatch(new RegExp(`^tidemark: PORT_TAKEN: port ${port} .*${setting}$`, "m"));
    holder.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test("an unreachable database and an unreachable Redis", async () => {
    const port = await freePort();
    const noDatabase = startProgram([], { DATABASE_URL: `postgres://u:secret@127.0.0.1:${port}/d` });
    const dataDir = dataFolder("no-redis");
    const noRedis = startProgram([], { REDIS_URL: `redis://127.0.0.1:${port}`, DATA_DIR: dataDir });
    expect([await noDatabase.exit(), await noRedis.exit()]).toEqual([1, 1]);
    expect(noDatabase.output()).toMatch(/^tidemark: STORE_DOWN: cannot reach the database .*DATABASE_URL/m);
    expect(noDatabase.output()).not.toContain("secret");
    expect(noRedis.output()).toMatch(/^tidemark: STREAM_DOWN: cannot reach Redis .*REDIS_URL/m);
    rmSync(dataDir, { recursive: true, force: true });
  });

  test("a taken PROBE_PORT, and an unreachable database behind one that was open", async () => {
    const [taken, nobody] = [await freePort(), await freePort()];
    const holder = createServer().listen(taken, "127.0.0.1");
    const settings = { DATABASE_URL: `postgres://u@127.0.0.1:${nobody}/d`, MQTT_URL: "mqtt://127.0.0.1:1" };
    const noPort = startProgram(["gateway-http"], { ...settings, PROBE_PORT: `${taken}` });
    const noDatabase = startProgram(["gateway-http"], settings);
    expect([await noPort.exit(), await noDatabase.exit()]).toEqual([1, 1]);
    expect(noPort.output()).toMatch(/^tidemark: PORT_TAKEN: .*PROBE_PORT$/m);
    expect(noDatabase.output()).toMatch(/^tidemark: STORE_DOWN: cannot reach the database/m);
    holder.close();
  });

  test("a simulated fleet, which has no credentials, where they are asked for", async () => {
    const program = startProgram(["--simulate"], { ACCESS: "credentials" });
    expect(await program.exit()).toBe(1);
    expect(program.output()).toMatch(/^tidemark: CONFIG_INVALID: --simulate .*ACCESS=open/m);
  });

  test("a service that does not exist", async () => {
    const program = startProgram(["brokr"], {});
    expect(await program.exit()).toBe(2);
    expect(program.output()).toContain('there is no service "brokr"');
  });
});

// Of Kysely: its migrator takes this advisory lock for as long as it changes tables.
const migrationLock = "3853314791062309107";

test("a service that waits for the tables is alive and not ready", async () => {
  const database = await createTestDatabase(inject("postgresUrl"));
  const services = await openServices({ database });
  const migrator = new pg.Client({ connectionString: database.url });
  await migrator.connect();
  await migrator.query(`SELECT pg_advisory_lock(${migrationLock})`);
  const port = await freePort();
  const program = services.start("web", { PROBE_PORT: `${port}`, ACCESS: "credentials" });
  await until("it waits for the tables", async () => {
    const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    return (await migrator.query(waiting)).rows.length > 0;
  });
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}/${path}`);
  expect((await ask("live")).status).toBe(200);
  const refusal = await ask("ready");
  expect(refusal.status).toBe(503);
  expect(await refusal.json()).toMatchObject({
    code: "NOT_READY",
    error: expect.stringMatching(/^starting/),
  });
  await migrator.end();
  expect((await program.ready())["probe"]).toBe(`http://127.0.0.1:${port}`);
  expect((await ask("ready")).status).toBe(200);
  program.child.kill("SIGTERM");
  expect(await program.exit()).toBe(0);
  await services.stop();
});

test("npm start ends with the platform when it is told to by its process id", async () => {
  const dataDir = temporaryFolder("npm");
  const npm = spawn("npm", ["start"], {
    env: { ...process.env, ...freePorts, DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  npm.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await until("the platform is ready", () => output.includes('"msg":"ready"'));
  npm.kill("SIGTERM");
  await until("the platform has stopped", () => output.includes('"msg":"stopped"'));
  rmSync(dataDir, { recursive: true, force: true });
});
