import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import type { RejectedAnswer } from "../../schema/api.ts";
import { formatTimestamp } from "../../schema/timestamp.ts";
import { dataFolder } from "../data-folder.ts";
import { createRedis, temporaryFolder, until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { createTestDatabase } from "../harness/test-database.ts";

const nobody = "00000000-0000-4000-8000-000000000000";

/** The routes of refused messages at an address, answered as [status, body]. */
function rejectedAt(base: string) {
  const url = `${base}/api/v1/rejected`;
  const answerOf = async (response: Response): Promise<[number, unknown]> => {
    const text = await response.text();
    return [response.status, text === "" ? null : JSON.parse(text)];
  };
  return {
    url,
    // The platform answers by this schema.
    list: async (query = "") => (await (await fetch(`${url}${query}`)).json()) as RejectedAnswer,
    post: async (path: string, body: unknown = {}) =>
      answerOf(
        await fetch(`${url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
      ),
    delete: async (id: string) => answerOf(await fetch(`${url}/${id}`, { method: "DELETE" })),
  };
}

async function pointsOf(base: string, deviceId: string): Promise<number[][]> {
  const answer = await fetch(`${base}/api/v1/readings?device=${deviceId}`);
  // As above.
  const { series } = (await answer.json()) as { series: { points: number[][] }[] };
  return series.flatMap(({ points }) => points);
}

describe("what was refused", () => {
  const dataDir = dataFolder("rejected");
  let program: Program;
  let http: string;
  let mqtt: MqttClient;
  let rejected: ReturnType<typeof rejectedAt>;

  beforeAll(async () => {
    program = startProgram([], { DATA_DIR: dataDir, MAX_FUTURE_SECONDS: "1" });
    const addresses = await program.ready();
    http = addresses["http"] ?? "";
    rejected = rejectedAt(http);
    mqtt = await connectAsync(addresses["mqtt"] ?? "");
  });

  afterEach(async () => {
    const { codes } = await rejected.list();
    for (const { code } of codes) await rejected.post("/discard", { code });
  });

  afterAll(async () => {
    await mqtt.endAsync(true);
    await program.kill("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  });

  const publish = (topic: string, payload: string) => mqtt.publishAsync(topic, payload, { qos: 1 });

  async function publishAhead(deviceId: string, seconds: number): Promise<number> {
    const timestampUs = (Date.now() + seconds * 1000) * 1000 + 321;
    const timestamp = formatTimestamp(timestampUs);
    await publish(`devices/${deviceId}/telemetry`, JSON.stringify({ temperature: 21.5, timestamp }));
    return timestampUs;
  }

  test("because it came too early is stored once when it is replayed in time, and then it is gone", async () => {
    const timestampUs = await publishAhead("early", 4);
    const { rejected: before } = await rejected.list();
    expect(before).toMatchObject([{ code: "TIMESTAMP_IN_FUTURE", deviceId: "early" }]);
    const id = before[0]?.id ?? "";
    await until("its time has come", async () => (await rejected.list()).rejected[0]?.isReplayable === true);

    expect(await rejected.post(`/${id}/replay`)).toEqual([200, { replayed: 1 }]);
    expect((await pointsOf(http, "early")).map((point) => point.slice(0, 2))).toEqual([[timestampUs, 21.5]]);
    expect(await rejected.post(`/${id}/replay`)).toMatchObject([404, { code: "REJECTION_UNKNOWN" }]);
    expect(await rejected.list()).toEqual({ rejected: [], next: null, codes: [] });
  });

  test("because it came far too early is refused again", async () => {
    await publishAhead("hasty", 3600);
    const [hasty] = (await rejected.list()).rejected;
    expect(hasty).toMatchObject({ isReplayable: false, whyNot: expect.stringContaining("ahead") });
    const answer = await rejected.post(`/${hasty?.id}/replay`);
    expect(answer).toMatchObject([422, { code: "TIMESTAMP_IN_FUTURE", error: expect.any(String) }]);
    expect((await rejected.list()).rejected).toHaveLength(1);
  });

  test("and will never be readable is listed with the reason, and only leaves when it is discarded", async () => {
    await publish("devices/broken/telemetry", "{oops");
    await publish("devices/long/telemetry", "x".repeat(5000));
    await publish("devices/nul/nowhere", "1\u0000");
    const { rejected: list } = await rejected.list();
    expect(list.map(({ code, isReplayable, isCut }) => [code, isReplayable, isCut])).toEqual([
      ["TOPIC_UNKNOWN", false, false],
      ["PAYLOAD_NOT_JSON", false, true],
      ["PAYLOAD_NOT_JSON", false, false],
    ]);
    const [altered, cut, broken] = list.map(({ id }) => id);
    expect(await rejected.post(`/${broken}/replay`)).toMatchObject([422, { code: "PAYLOAD_NOT_JSON" }]);
    expect(await rejected.post(`/${cut}/replay`)).toMatchObject([409, { code: "REJECTION_CUT" }]);
    expect(await rejected.post(`/${altered}/replay`)).toMatchObject([409, { code: "REJECTION_ALTERED" }]);
    expect(await rejected.post("/replay", { ids: [broken, cut, nobody] })).toEqual([
      200,
      {
        replayed: 0,
        failed: [
          { id: broken, code: "PAYLOAD_NOT_JSON", reason: expect.any(String) },
          { id: cut, code: "REJECTION_CUT", reason: expect.any(String) },
          { id: nobody, code: "REJECTION_UNKNOWN", reason: expect.any(String) },
        ],
        left: 2,
        next: null,
      },
    ]);
    expect(await rejected.delete(`${cut}`)).toEqual([204, null]);
    expect(await rejected.delete(`${cut}`)).toMatchObject([404, { code: "REJECTION_UNKNOWN" }]);
    expect(await rejected.delete("nonsense")).toMatchObject([404, { code: "REJECTION_UNKNOWN" }]);
    expect(await rejected.post("/discard", { ids: [broken, altered, nobody] })).toEqual([
      200,
      { discarded: 2, left: 0 },
    ]);
  });

  test("is listed in pages, by code and by device", async () => {
    for (const place of [1, 2, 3]) await publish("devices/press/telemetry", `junk ${place}`);
    await publish("devices/oven/telemetry", "");
    const first = await rejected.list("?limit=3");
    expect(first.rejected.map(({ payload }) => payload)).toEqual(["", "junk 3", "junk 2"]);
    const second = await rejected.list(`?limit=3&before=${first.next}`);
    expect(second.rejected.map(({ payload }) => payload)).toEqual(["junk 1"]);
    expect(second.next).toBeNull();
    expect((await rejected.list("?code=PAYLOAD_EMPTY")).rejected).toHaveLength(1);
    expect(await rejected.list("?device=press&limit=1")).toMatchObject({
      rejected: [{ payload: "junk 3" }],
      codes: [{ code: "PAYLOAD_NOT_JSON", count: 3 }],
    });
    for (const question of ["?limit=0", "?before=x", "?code=NONSENSE", "?device=%00"]) {
      expect([question, (await fetch(rejected.url + question)).status]).toEqual([question, 400]);
    }
  });

  test("is no empty message that removes what was retained", async () => {
    await mqtt.publishAsync("devices/oven/telemetry/temperature", "20", { qos: 1, retain: true });
    await mqtt.publishAsync("devices/oven/telemetry/temperature", "", { qos: 1, retain: true });
    expect((await rejected.list()).rejected).toEqual([]);
  });

  test("is replayed by code: what can be read is stored, what cannot stays", async () => {
    await publishAhead("hall-1", 4);
    await publishAhead("hall-2", 3600);
    await publishAhead("hall-3", 4);
    await until("the first and the last are due", async () => {
      const { rejected: list } = await rejected.list();
      return list.filter(({ isReplayable }) => isReplayable).length === 2;
    });
    const code = "TIMESTAMP_IN_FUTURE";
    expect(await rejected.post("/replay", { code, device: "hall-3" })).toMatchObject([
      200,
      { replayed: 1, failed: [], left: 0, next: null },
    ]);
    expect(await rejected.post("/replay", { code })).toMatchObject([
      200,
      { replayed: 1, failed: [{ code }], left: 1, next: null },
    ]);
    expect(await pointsOf(http, "hall-1")).toHaveLength(1);
    expect(await pointsOf(http, "hall-2")).toEqual([]);
    expect(await pointsOf(http, "hall-3")).toHaveLength(1);
  });

  test("is discarded by code up to the moment an operator looked, and not what came after", async () => {
    await publish("devices/press/telemetry", "seen");
    const { rejected: seen } = await rejected.list();
    const untilUs = seen[0]?.receivedUs ?? 0;
    await until("the clock has gone on", () => Date.now() * 1000 > untilUs);
    await publish("devices/press/telemetry", "not seen");
    const choice = { code: "PAYLOAD_NOT_JSON", untilUs };
    expect(await rejected.post("/discard", choice)).toEqual([200, { discarded: 1, left: 0 }]);
    expect((await rejected.list()).rejected).toMatchObject([{ payload: "not seen" }]);
  });

  test("is not touched by what a page of another site can send", async () => {
    await publish("devices/press/telemetry", "junk");
    const id = (await rejected.list()).rejected[0]?.id;
    const body = JSON.stringify({ code: "PAYLOAD_NOT_JSON" });
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      undefined,
    ]) {
      const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
      const asked = { method: "POST", headers };
      const answers = [
        await fetch(`${rejected.url}/discard`, { ...asked, body }),
        await fetch(`${rejected.url}/${id}/replay`, asked),
      ];
      for (const answer of answers) {
        expect([answer.status, await answer.json()]).toMatchObject([415, { code: "CONTENT_TYPE_INVALID" }]);
      }
    }
    expect((await rejected.list()).rejected).toHaveLength(1);
  });

  test.each([
    [{}],
    [{ ids: [] }],
    [{ ids: ["x"] }],
    [{ ids: Array.from({ length: 1001 }, () => nobody) }],
    [{ code: "NONSENSE" }],
    [{ device: "press" }],
    ["junk"],
  ])("is not chosen by a body that says too little or too much (%#)", async (body) => {
    for (const path of ["/replay", "/discard"]) {
      expect(await rejected.post(path, body)).toMatchObject([400, { code: "QUERY_INVALID" }]);
    }
  });
});

test("while Redis is away a replay is answered 503 and nothing is removed; once it is back it is stored", async () => {
  const folder = temporaryFolder("redis");
  const redis = await createRedis(folder);
  await redis.start();
  const database = await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl"));
  const shared = { REDIS_URL: redis.url, DATABASE_URL: database.url };
  const programs = [startProgram(["web"], shared), startProgram(["processor"], shared)];
  const { console: base = "" } = (await programs[0]?.ready()) ?? {};
  await programs[1]?.ready();
  const rejected = rejectedAt(base);
  const id = randomUUID();
  const payload =
    '{"device_id":"late","timestamp":"2024-11-22T10:00:00Z","metrics":[{"type":"co2","value":400}]}';
  await database.query(
    `INSERT INTO rejected VALUES ($1, 'STORE_REFUSED', 'no room', 'late', 'stream', $2, $3, now())`,
    [id, payload, payload.length],
  );

  await redis.stop("SIGKILL");
  const refused = await fetch(`${rejected.url}/${id}/replay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
  expect(await refused.json()).toMatchObject({ code: "STREAM_DOWN" });
  expect((await rejected.list()).rejected).toMatchObject([{ id, isReplayable: true }]);

  await redis.start();
  await until("it is replayed", async () => (await rejected.post(`/${id}/replay`))[0] === 200);
  await until("it is stored", async () => (await pointsOf(base, "late")).length === 1);
  expect((await rejected.list()).rejected).toEqual([]);
  await Promise.all(programs.map((program) => program.kill("SIGKILL")));
  await database.drop();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});
