import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openAlarmStore } from "../../platform/alarms/alarm-store.ts";
import { type Database, openDatabase } from "../../platform/database/database.ts";
import { migrate } from "../../platform/database/migrations.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";
import { silent, startUs } from "./samples.ts";

const connections = 20;

let place: TestDatabase;
let database: Database;
beforeAll(async () => {
  place = await createTestDatabase(inject("postgresUrl"));
  database = await openDatabase({ url: place.url, isSole: false, log: silent, connections });
  await migrate(database, { hasTimescale: false, chunkIntervalHours: 24 });
});
afterAll(async () => {
  await database.close();
  await place.drop();
});

/** Alarms whose events are not one a version, in order from the first, or that were raised or cleared more than once. */
const broken = sql<{ id: number }>`
  SELECT id FROM alarms LEFT JOIN LATERAL (
    SELECT count(*) AS events, max(version) AS newest, count(*) FILTER (WHERE change = 'raised' AND version = 1) AS raised,
      count(*) FILTER (WHERE change = 'cleared' AND version = 2) AS cleared
    FROM alarm_events WHERE alarm_id = alarms.id
  ) happened ON true
  WHERE events <> version OR newest <> version OR raised <> 1 OR cleared <> (state = 'cleared')::integer`;

test("ten thousand raises for one key at the same time make one open alarm, raised once", async () => {
  const store = openAlarmStore(database);
  const raise = async (connection: number): Promise<void> => {
    for (let at = connection; at < 10_000; at += connections) {
      const what = {
        sensorType: "temperature",
        rule: "stuck",
        score: 0.6,
        value: at,
        expected: null,
        holds: true,
      };
      await store.raise([{ ...what, deviceId: "a", atUs: startUs + at, sentence: "The same value again." }]);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => raise(connection)));
  const alarms = await store.list({ limit: 10 });
  expect(alarms).toMatchObject([{ deviceId: "a", state: "raised", version: 1, lastUs: startUs + 9999 }]);
  expect((await broken.execute(database.db)).rows).toEqual([]);
});

test("what raises and ends alarms can be killed at any moment: no transition is lost or doubled", async () => {
  const script = fileURLToPath(new URL("../../dist/tests/harness/raising-child.js", import.meta.url));
  let turn = 0;
  for (let life = 0; life < 4; life += 1) {
    const child = spawn(process.execPath, [script, place.url, String(turn + 1)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const firstTurn = turn;
    for await (const line of createInterface({ input: child.stdout })) {
      turn = Number(line);
      // Somewhere in the turn after this one.
      if (turn >= firstTurn + 5 + life) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  expect((await broken.execute(database.db)).rows).toEqual([]);
  const { rows } = await sql<{ device: string; times: number; open: number }>`
    SELECT device_id AS device, count(*) AS times, count(*) FILTER (WHERE state <> 'cleared') AS open
    FROM alarms WHERE device_id LIKE 'killed-%' GROUP BY device_id`.execute(database.db);
  expect(rows).toHaveLength(25);
  // Every turn that was said to be done is there; of those that a kill cut short, what was begun.
  for (const { times, open } of rows) {
    expect(times).toBeGreaterThanOrEqual(5 + 6 + 7 + 8);
    expect(open).toBeLessThanOrEqual(1);
  }
});
