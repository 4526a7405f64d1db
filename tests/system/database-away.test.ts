import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBooks, reckon } from "../harness/books.ts";
import { type Load, startLoad } from "../harness/load.ts";
import { createPostgres, type LocalServer, temporaryFolder, until } from "../harness/local-servers.ts";
import { metricOf, openServices, type Services } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

const folder = temporaryFolder("postgres");
const mebibyte = 1024 * 1024;
let postgres: LocalServer;
let services: Services;
let load: Load;

beforeAll(async () => {
  postgres = await createPostgres(folder);
  await postgres.start();
  services = await openServices({ database: await createTestDatabase(postgres.url) });
});

afterAll(async () => {
  await load?.stop();
  await services.stop();
  await postgres.stop("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

test("while the database is away readings are taken and wait outside of the processor, and are stored when it is back", async () => {
  const broker = services.start("broker");
  const processor = services.start("processor");
  const { mqtt = "" } = await broker.ready();
  await processor.ready();
  load = await startLoad({ mqttUrl: mqtt, devices: 16, window: 2, readingsAMessage: 20 });
  await until(
    "the processor is warm",
    async () => (await metricOf(processor, "iot_readings_stored_total")) > 60_000,
    {
      withinMs: 60_000,
    },
  );
  const memory = () => metricOf(processor, "process_resident_memory_bytes");
  const usual = await memory();
  let most = usual;
  const books = await openBooks(services);

  await postgres.stop("SIGKILL");
  await until(
    "a hundred thousand readings wait",
    async () => {
      most = Math.max(most, await memory());
      const tallies = await books.stream.tallies();
      const waiting = tallies.reduce((sum, { received, settled }) => sum + received - settled, 0);
      return waiting > 100_000 && processor.output().split("shares not looked at").length > 4;
    },
    { withinMs: 60_000, everyMs: 200 },
  );
  await until("the lag is seen", async () => (await metricOf(processor, "iot_stream_lag_entries")) > 100);
  await books.close();
  expect((most - usual) / mebibyte).toBeLessThan(60);

  // A server whose first process was killed refuses to start until the others have noticed.
  const starts = (): Promise<boolean> =>
    postgres.start().then(
      () => true,
      () => false,
    );
  await until("PostgreSQL starts again", starts, { withinMs: 60_000, everyMs: 500 });
  await load.finish();
  const watching = setInterval(async () => {
    most = Math.max(most, await memory().catch(() => 0));
  }, 200);
  const reckoning = await reckon(services, load).finally(() => clearInterval(watching));
  const sent = load.sent();
  expect(reckoning).toMatchObject({ missing: 0, doubled: 0, rows: sent, unannounced: 0, announcedAgain: 0 });
  expect(reckoning.ledger).toMatchObject({ received: sent, stored: sent, duplicate: 0, difference: 0 });
  // Full batches of eight shards at once take their room, however many readings wait behind them.
  expect((most - usual) / mebibyte).toBeLessThan(150);
});
