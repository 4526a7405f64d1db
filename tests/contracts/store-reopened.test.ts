import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Database, hasTimescale, openDatabase } from "../../platform/database/database.ts";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "../../platform/database/embedded-database.ts";
import { migrate } from "../../platform/database/migrations.ts";
import { openModelStore } from "../../platform/models/model-store.ts";
import { openTrainingStore } from "../../platform/models/training-store.ts";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { openRejectionStore } from "../../platform/readings/rejection-store.ts";
import { dataFolder } from "../data-folder.ts";
import { temporaryFolder } from "../harness/local-servers.ts";
import { openAt, servers, settingsOf, streamId } from "./databases.ts";
import { anomalous, batch, rejection, series, silent } from "./samples.ts";

const model = {
  ...{
    sensorType: "co2",
    version: 1,
    compiled: Uint8Array.of(1, 2),
    seed: 7,
    digest: "d",
    grower: "g",
    rows: 500,
  },
  ...{ series: [], metrics: { limit: 1, tookMs: 1 }, replay: null, parent: null, createdBy: "platform" },
};
const readings = [...series("a", 3), anomalous({ deviceId: "b" })];

async function fill(database: Database): Promise<void> {
  const pen = await openReadingStore(database).claimShard(0, streamId);
  await pen?.write(batch({ readings, rejections: [rejection()] }));
  await pen?.release();
  await openTrainingStore(database).save(model, "active");
  await settingsOf({ database }, 60).setActiveDeviceTimeoutSeconds(7, "operator:ada");
}

async function expectFilled(database: Database): Promise<void> {
  const store = openReadingStore(database);
  const pen = await store.claimShard(0, streamId);
  expect(await pen?.write(batch({ readings }))).toMatchObject({ inserted: 0, anomalies: [], awakened: [] });
  await pen?.release();
  expect(await store.latest(60_000)).toHaveLength(2);
  expect(await store.anomalies({ limit: 10 })).toHaveLength(1);
  expect(await openRejectionStore(database).list({ limit: 10 })).toHaveLength(1);
  expect(await openModelStore(database).load("co2", [1])).toHaveLength(1);
  expect(await settingsOf({ database }, 60).activeDeviceTimeoutSeconds()).toBe(7);
}

test.each(servers)("what is stored on $name is there for who connects later", async ({ make }) => {
  const place = await make();
  const former = await openAt(place);
  await migrate(former, { hasTimescale: await hasTimescale(place.url), chunkIntervalHours: 24 });
  await fill(former);
  await former.close();
  const database = await openAt(place);
  await expectFilled(database);
  await database.close();
  await place.remove();
});

describe("PGlite", () => {
  const [folder, stopped, twice] = [temporaryFolder("pglite"), dataFolder("stopped"), dataFolder("twice")];
  afterAll(() => {
    for (const gone of [folder, stopped, twice]) rmSync(gone, { recursive: true, force: true });
  });

  const start = (dataDir: string): Promise<EmbeddedDatabase> =>
    startEmbeddedDatabase(dataDir, { log: silent, onLost: () => undefined });

  const open = async ({ url }: EmbeddedDatabase): Promise<Database> => {
    const database = await openDatabase({ url, isSole: true, log: silent, connections: 1 });
    await migrate(database, { hasTimescale: false, chunkIntervalHours: 24 });
    return database;
  };

  test("has what is stored after a restart in the same folder, and again when restarted", async () => {
    const dataDir = join(folder, "restarted");
    const first = await start(dataDir);
    const former = await open(first);
    await fill(former);
    await former.close();
    await first.stop();
    for (let restart = 0; restart < 2; restart += 1) {
      const embedded = await start(dataDir);
      const database = await open(embedded);
      await expectFilled(database);
      await database.close();
      await embedded.stop();
    }
  });

  test("is stopped although a connection is open", async () => {
    const embedded = await start(stopped);
    const database = await open(embedded);
    await embedded.stop();
    await expect(openReadingStore(database).latest(1000)).rejects.toMatchObject({ code: "STORE_DOWN" });
    await database.close();
  });

  test("is not started twice in one folder", async () => {
    const dataDir = twice;
    const embedded = await start(dataDir);
    await expect(start(dataDir)).rejects.toMatchObject({ code: "DATA_DIR_LOCKED", retryable: false });
    await embedded.stop();
    expect(existsSync(join(dataDir, "tidemark.lock"))).toBe(false);
  });

  test("works in a folder whose path is too long for a socket", async () => {
    const embedded = await start(join(folder, "deep".repeat(30)));
    const database = await open(embedded);
    await fill(database);
    await expectFilled(database);
    await database.close();
    await embedded.stop();
  });

  test("says which folder it cannot use", async () => {
    const dataDir = "/dev/null/data";
    await expect(start(dataDir)).rejects.toMatchObject({ code: "EMBEDDED_DATABASE_FAILED" });
    await expect(start(dataDir)).rejects.toThrow(/\/dev\/null\/data \(DATA_DIR\)/);
  });
});
