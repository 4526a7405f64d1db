import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasTimescale, openDatabase } from "../../platform/database/database.ts";
import { migrate } from "../../platform/database/migrations.ts";
import { openReadingStore } from "../../platform/readings/reading-store.ts";
import { openRejectionStore } from "../../platform/readings/rejection-store.ts";
import { createPostgres, freePort, type LocalServer, temporaryFolder } from "../harness/local-servers.ts";
import { streamId } from "./databases.ts";
import { batch, rejection, retrying, series, silent } from "./samples.ts";

// A PostgreSQL of its own: these tests stop it.
const folder = temporaryFolder("postgres");
let server: LocalServer;
const down = { code: "STORE_DOWN", retryable: true };

beforeAll(async () => {
  server = await createPostgres(folder);
  await server.start();
});
afterAll(async () => {
  await server.stop("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

const open = (url: string) => openDatabase({ url, log: silent, isSole: false, connections: 4 });

test("a database that stops fails every question for now, and works again when it is back", async () => {
  const database = await open(server.url);
  await migrate(database, { hasTimescale: false, chunkIntervalHours: 24 });
  const store = openReadingStore(database);
  const pen = await store.claimShard(0, streamId);
  const [before, after] = [series("a", 2), series("a", 3)];
  await pen?.write(batch({ readings: before }));

  // At once and without a checkpoint, so that what was committed has to come back from the log.
  await server.stop("SIGQUIT");
  await expect(pen?.write(batch({ readings: after }))).rejects.toMatchObject(down);
  // It may have been committed: only the next owner can tell.
  await expect(pen?.write(batch({ readings: after }))).rejects.toMatchObject({ code: "SHARD_LOST" });
  await expect(store.recentOfDevices(["a"], 10)).rejects.toMatchObject(down);
  await expect(openRejectionStore(database).keep([rejection()])).rejects.toMatchObject(down);
  await expect(store.claimShard(1, streamId)).rejects.toMatchObject(down);
  await pen?.release();

  await server.start();
  const next = await retrying(() => store.claimShard(0, streamId));
  expect(await next?.write(batch({ readings: after }))).toMatchObject({ inserted: 1 });
  expect(await store.recentOfDevices(["a"], 10)).toMatchObject([
    { points: [{ value: 0 }, { value: 1 }, { value: 2 }] },
  ]);
  await next?.release();
  await database.close();
});

test("a database that is not there is named without its password", async () => {
  const port = await freePort();
  const opening = open(`postgres://tidemark:secret@127.0.0.1:${port}/tidemark`);
  await expect(opening).rejects.toMatchObject(down);
  await expect(opening).rejects.toThrow(/127\.0\.0\.1.*DATABASE_URL/);
  await expect(opening).rejects.not.toThrow(/secret/);
});

test("a database that goes away while it is asked what it is, is away", async () => {
  const port = await freePort();
  await expect(hasTimescale(`postgres://tidemark@127.0.0.1:${port}/tidemark`)).rejects.toMatchObject(down);
});
