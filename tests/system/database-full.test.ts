import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ledgerOfAll, openBooks, reckon } from "../harness/books.ts";
import { type Load, startLoad } from "../harness/load.ts";
import { temporaryFolder, until } from "../harness/local-servers.ts";
import { openServices, type Services } from "../harness/services.ts";
import { administer, createTestDatabase } from "../harness/test-database.ts";

// A tablespace on a file system of its own, so that what fills up is the tables' disk and not the log's: then the server refuses
// to extend a table (SQLSTATE 53100) and lives on. With a full disk under its log it would end, as in database-away.test.ts.
const folder = temporaryFolder("full");
const serverUrl = inject("postgresUrl");
const why = mountSmall();
let services: Services;
let load: Load;

/** Mounts 16 MiB; the reason why that is not possible, or undefined. */
function mountSmall(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may mount a small file system to fill up";
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], { stdio: "pipe" });
    execFileSync("chown", ["postgres:", folder], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `no small file system can be mounted here: ${String(error)}`;
  }
}

beforeAll(async () => {
  if (why !== undefined) return;
  await administer(serverUrl, `CREATE TABLESPACE small LOCATION '${folder}'`);
  services = await openServices({ database: await createTestDatabase(serverUrl, { tablespace: "small" }) });
});

afterAll(async () => {
  if (why === undefined) {
    await load?.stop();
    await services.stop();
    await administer(serverUrl, "DROP TABLESPACE small");
    execFileSync("umount", [folder]);
  }
  rmSync(folder, { recursive: true, force: true });
});

test("while the database's disk is full readings wait in Redis, and all are stored once there is room", async (context) => {
  context.skip(why !== undefined, why);
  const { mqtt = "" } = await services.start("broker").ready();
  const processor = services.start("processor");
  await processor.ready();
  // While the disk is full a new connection may find no room for the file that it begins with.
  const books = await openBooks(services);
  load = await startLoad({
    ...{ mqttUrl: mqtt, devices: 16, window: 2 },
    ...{ readingsAMessage: 20, impossibleEvery: 100 },
  });
  await until("the disk is full", () => /No space left on device/.test(processor.output()), {
    withinMs: 60_000,
  });
  const taken = load.acknowledged.size;
  await until("readings are taken all the same", () => load.acknowledged.size > taken + 5000);
  const { inFlight, rejected } = await books.ledger();
  await books.close();
  expect(inFlight).toBeGreaterThan(0);
  expect(rejected).toBe(0);

  execFileSync("mount", ["-o", "remount,size=400m", folder]);
  await load.finish();
  const reckoning = await reckon(services, load);
  const sent = load.sent();
  expect(reckoning).toMatchObject({ missing: 0, doubled: 0, rows: sent, unannounced: 0, announcedAgain: 0 });
  expect(reckoning.ledger).toEqual(ledgerOfAll(sent));
});
