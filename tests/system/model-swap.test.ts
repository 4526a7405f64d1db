import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { ModelTypeAnswer, ModelTypeSummary } from "../../schema/model.ts";
import { type Api, apiAt } from "../harness/api.ts";
import { ledgerOfAll, reckon } from "../harness/books.ts";
import { type Load, startLoad } from "../harness/load.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { openServices, type Services, untilShares } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

let services: Services;
let processors: Program[];
let api: Api;
let load: Load;

beforeAll(async () => {
  services = await openServices({
    database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
  });
  const broker = services.start("broker");
  processors = [services.start("processor"), services.start("processor")];
  const web = services.start("web");
  await untilShares(processors, [4, 4]);
  api = apiAt((await web.ready())["console"] ?? "");
  const { mqtt: mqttUrl = "" } = await broker.ready();
  load = await startLoad({ mqttUrl, devices: 16, window: 2, restMs: 20, impossibleEvery: 100 });
});

afterAll(async () => {
  await load?.stop();
  await services.stop();
});

async function look(): Promise<ModelTypeAnswer> {
  // The route answers with this schema.
  return (await api.get("models/temperature")).body as unknown as ModelTypeAnswer;
}

async function wish(kind: string, body: object = {}): Promise<ModelTypeSummary> {
  const { revision } = (await look()).type;
  const answer = await api.post(`models/temperature/${kind}`, { revision, ...body });
  expect(answer.status, answer.text).toBe(200);
  return (answer.body as unknown as { type: ModelTypeSummary }).type;
}

async function trained(version: number): Promise<void> {
  const ordered = await api.post("models/temperature/train");
  expect(ordered.status, ordered.text).toBe(202);
  await until("it is trained", async () => (await look()).type.candidate === version);
}

/** Waits until every device of the load has a reading that this model judged. */
async function judgedEverywhere(model: string): Promise<void> {
  const devices = (name: string) =>
    services.database.query(
      `SELECT DISTINCT device_id FROM device_latest WHERE device_id LIKE 'load-%' AND model_version = '${name}'`,
    );
  await until(`${model} judges every device`, async () => (await devices(model)).length === 16);
}

test("models are trained, promoted and rolled back under load: each reading is judged once, by the model that its row names", async () => {
  await until("there is a history", () => load.acknowledged.size > 16 * 120);
  await trained(1);
  await judgedEverywhere("temperature@factory-2");
  const { version: candidate } = (await look()).versions[0] ?? {};
  await until(
    "its shadow is written down",
    async () => ((await look()).versions[0]?.shadow.readings ?? 0) > 0,
  );

  await wish("promote", { version: candidate });
  await judgedEverywhere("temperature@1");

  // Killed while it may be training: the other one carries the order out.
  const [killed] = processors;
  const training = trained(2);
  await killed?.kill("SIGKILL");
  await training;
  await wish("promote", { version: 2 });
  await judgedEverywhere("temperature@2");
  const { type } = await look();
  const own = await api.put("models/temperature/devices/load-0", { revision: type.revision, version: 1 });
  expect(own.status, own.text).toBe(200);
  expect((await wish("rollback")).judging).toBe("temperature@1");
  expect((await wish("rollback")).judging).toBe("temperature@factory-2");
  await until("only one device has a version of its own", async () => {
    const rows = await services.database.query<{ model: string; devices: number }>(
      "SELECT model_version AS model, count(*)::int AS devices FROM device_latest GROUP BY 1 ORDER BY 1",
    );
    return (
      rows.map(({ model, devices }) => `${model} ${devices}`).join() ===
      "temperature@1 1,temperature@factory-2 15"
    );
  });

  await load.finish();
  const reckoning = await reckon(services, load);
  const sent = load.sent();
  expect(reckoning).toMatchObject({ missing: 0, doubled: 0, rows: sent, unannounced: 0, announcedAgain: 0 });
  expect(reckoning.ledger).toEqual(ledgerOfAll(sent));
  const turns = await services.database.query<{ device: string; models: string }>(`
    SELECT device_id AS device, string_agg(model_version, ' ' ORDER BY ts) AS models FROM (
      SELECT device_id, ts, model_version, lag(model_version) OVER (PARTITION BY device_id ORDER BY ts) AS before FROM readings
    ) judged WHERE before IS DISTINCT FROM model_version GROUP BY device_id`);
  expect(turns).toHaveLength(16);
  // One after another and never back and forth; what judged for a moment only may have met no reading.
  const [factory, first, second] = ["temperature@factory-2", "temperature@1", "temperature@2"];
  const usual = new RegExp(`^${factory} ${first} ${second}( ${first})? ${factory}$`);
  for (const { device, models } of turns)
    expect(models).toMatch(
      device === "load-0" ? new RegExp(`^${factory} ${first} ${second} ${first}$`) : usual,
    );
});

test("a version grows again to the same bytes after all that, over the API and on the command line", async () => {
  await api.post("models/temperature/train", { version: 1 });
  await until("it was grown again", async () => (await look()).type.order === null);
  const { type, versions } = await look();
  expect(type.setback).toBeNull();
  expect(versions.map(({ verifiedUs }) => verifiedUs !== null)).toEqual([false, true]);
  const command = startProgram(["model", "verify", "temperature", "2"], {
    DATABASE_URL: services.database.url,
  });
  expect(await command.exit(), command.output()).toBe(0);
  expect(command.output()).toContain(`the same`);
});

test("what makes no sense is refused with a code", async () => {
  const { type, versions } = await look();
  const { revision } = type;
  const code = async (path: string, body: object) => (await api.post(`models/${path}`, body)).body?.["code"];
  expect((await api.get("models/no-such-type")).status).toBe(404);
  expect((await api.get("models/temperature/versions/9")).body).toMatchObject({ code: "MODEL_UNKNOWN" });
  expect((await api.get("models/temperature/versions/0")).status).toBe(400);
  expect(await code("no-such-type/train", {})).toBe("MODEL_TYPE_UNKNOWN");
  expect(await code("temperature/promote", { revision: revision - 1, version: 1 })).toBe("MODEL_STALE");
  expect((await api.post("models/temperature/promote", { version: 1 })).status).toBe(400);
  expect(await code("temperature/rollback", { revision })).toBe("MODEL_NONE_BEFORE");
  expect((await api.delete(`models/temperature/devices/load-0?revision=${revision}`)).status).toBe(200);
  expect((await api.delete(`models/temperature/devices/load-0?revision=${revision + 1}`)).body).toMatchObject(
    {
      code: "MODEL_OVERRIDE_UNKNOWN",
    },
  );
  expect((await api.get("models/temperature/versions/2")).body).toMatchObject({
    model: { name: "temperature@2", state: "retired", parent: 1, replay: { active: {}, candidate: {} } },
  });
  expect(versions.map(({ state }) => state)).toEqual(["retired", "retired"]);
  const { types } = (await api.get("models")).body as unknown as { types: ModelTypeSummary[] };
  expect(types.find(({ sensorType }) => sensorType === "temperature")).toEqual((await look()).type);
});
