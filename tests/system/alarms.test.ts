import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { io, type Socket } from "socket.io-client";
import type { Static } from "typebox";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { AlarmAnswer, AlarmsAnswer } from "../../schema/alarm.ts";
import type { ReadingsAnswer } from "../../schema/api.ts";
import type { AlarmEvent, NumberedEvent } from "../../schema/event.ts";
import type { RuleAnswer } from "../../schema/rule.ts";
import type { PreviewAnswer, TuningAnswer } from "../../schema/tuning.ts";
import { type Api, apiAt } from "../harness/api.ts";
import { until } from "../harness/local-servers.ts";
import type { Program } from "../harness/program.ts";
import { openServices, type Services, untilShares } from "../harness/services.ts";
import { createTestDatabase } from "../harness/test-database.ts";

const clearSeconds = 2;
/** More than any other test here has raised at a time. */
const stormDevices = 50;

let services: Services;
let processor: Program;
let api: Api;
let device: MqttClient;
let browser: Socket;
/** What the browser and a subscriber heard of alarms, as `device change version`. */
const pushed: string[] = [];
const published: string[] = [];

beforeAll(async () => {
  services = await openServices({
    database: await createTestDatabase(inject("otherDatabaseUrl") || inject("postgresUrl")),
    redisSettings: ["--appendfsync", "always"],
    settings: { ALARM_CLEAR_SECONDS: String(clearSeconds), STORM_DEVICES: String(stormDevices) },
  });
  const broker = services.start("broker");
  processor = services.start("processor");
  const web = services.start("web");
  device = await connectAsync((await broker.ready())["mqtt"] ?? "");
  const { console: url = "" } = await web.ready();
  api = apiAt(url);
  await untilShares([processor], [8]);
  device.on("message", (_topic, payload) => {
    const { device_id, change, version } = JSON.parse(String(payload));
    published.push(`${device_id} ${change} ${version}`);
  });
  await device.subscribeAsync(["devices/+/alarms", "alarms/+"], { qos: 1 });
  browser = io(url, { transports: ["websocket"] });
  browser.on("event", ({ event }: NumberedEvent<AlarmEvent>) => {
    if (event.kind === "alarm") pushed.push(`${event.deviceId} ${event.change} ${event.alarm.version}`);
  });
  await browser.emitWithAck("resume", null);
});

afterAll(async () => {
  browser?.disconnect();
  await device?.endAsync();
  await services.stop();
});

/** Far outside of what a temperature can be. */
const suffer = (deviceId: string) =>
  device.publishAsync(`devices/${deviceId}/telemetry/temperature`, "9999", { qos: 1 });
const recover = (deviceId: string) =>
  device.publishAsync(`devices/${deviceId}/telemetry/temperature`, "22", { qos: 1 });

async function alarmsOf(deviceId: string, state?: string): Promise<AlarmsAnswer["alarms"]> {
  const { body } = await api.get(`alarms?device=${deviceId}${state === undefined ? "" : `&state=${state}`}`);
  // The route answers with this schema.
  return (body as AlarmsAnswer | undefined)?.alarms ?? [];
}

async function onlyAlarmOf(deviceId: string): Promise<AlarmsAnswer["alarms"][number]> {
  await until("there is an alarm", async () => (await alarmsOf(deviceId)).length > 0);
  const [alarm, ...others] = await alarmsOf(deviceId);
  if (alarm === undefined || others.length > 0) throw new Error(`${others.length} other alarms`);
  return alarm;
}

const of = (heard: readonly string[], deviceId: string) =>
  heard.filter((what) => what.startsWith(`${deviceId} `));

async function changesOf(id: number): Promise<string[]> {
  const { body } = await api.get(`alarms/${id}`);
  // As above.
  return (body as AlarmAnswer).events.map(({ change, by }) => `${change} by ${by}`);
}

test("a sensor that flaps is one alarm, told when it begins and when it was quiet", async () => {
  for (let at = 0; at < 16; at += 1) {
    await (at % 2 === 0 ? suffer("flapping") : recover("flapping"));
    await pause(250);
  }
  expect(await onlyAlarmOf("flapping")).toMatchObject({ state: "raised", version: 1, anomalies: 8 });
  await until("it is cleared", async () => (await onlyAlarmOf("flapping")).state === "cleared");
  await until("it was told", () => of(pushed, "flapping").length + of(published, "flapping").length === 4);
  const told = ["flapping raised 1", "flapping cleared 2"];
  expect(of(pushed, "flapping")).toEqual(told);
  expect(of(published, "flapping")).toEqual(told);
  await suffer("flapping");
  await until("it is raised again", async () => (await alarmsOf("flapping")).length === 2);
});

test("a processor that is killed in the middle loses no transition and doubles none", async () => {
  const devices = Array.from({ length: 40 }, (_, number) => `killed-${number}`);
  // Ten rounds, each with four devices that were well until then: there is something to raise all the time.
  const sendAll = async (): Promise<number> => {
    let sent = 0;
    for (let count = 4; count <= devices.length; count += 4) {
      const fallen = devices.slice(0, count);
      await Promise.all(fallen.map(suffer));
      sent += fallen.length;
      await pause(100);
    }
    return sent;
  };
  const sending = sendAll();
  const raisedYet = () => services.database.query("SELECT 1 FROM alarms WHERE device_id LIKE 'killed-%'");
  await until("some are raised", async () => (await raisedYet()).length > 8);
  await processor.kill("SIGKILL");
  processor = services.start("processor");
  const sent = await sending;
  await until("all are stored", async () => {
    const rows = await services.database.query("SELECT 1 FROM anomalies WHERE device_id LIKE 'killed-%'");
    return rows.length === sent;
  });
  await until("all are cleared", async () => {
    const open = await services.database.query("SELECT 1 FROM alarms WHERE state <> 'cleared'");
    return open.length === 0;
  });
  const [sums] = await services.database.query(
    `SELECT sum(anomalies)::int AS anomalies, sum(version)::int = 2 * count(*) AS twice,
       (SELECT count(*)::int FROM alarm_events JOIN alarms ON alarms.id = alarm_id WHERE device_id LIKE 'killed-%')
         = 2 * count(*) AS noted
     FROM alarms WHERE device_id LIKE 'killed-%'`,
  );
  expect(sums).toEqual({ anomalies: sent, twice: true, noted: true });
  const raised = await services.database.query(
    "SELECT DISTINCT device_id || ' raised 1' AS said FROM alarms WHERE device_id LIKE 'killed-%'",
  );
  await until(
    "all of it was told",
    () => new Set(pushed.filter((what) => what.includes("killed-"))).size >= 2 * raised.length,
  );
  for (const { said } of raised) expect(pushed).toContain(said);
});

test("an acknowledgement needs the newest version, is pushed and stays", async () => {
  await suffer("press");
  const { id, version } = await onlyAlarmOf("press");
  const done = await api.post(`alarms/${id}/acknowledge`, { version, comment: "on my way" });
  expect(done.status).toBe(200);
  expect(done.body).toMatchObject({ alarm: { state: "acknowledged", version: 2, acknowledgedBy: "anyone" } });
  const late = await api.post(`alarms/${id}/clear`, { version });
  expect([late.status, late.body?.["code"]]).toEqual([409, "ALARM_STALE"]);
  const again = await api.post(`alarms/${id}/acknowledge`, { version: 2 });
  expect([again.status, again.body?.["code"]]).toEqual([409, "ALARM_STATE"]);
  await until("it is pushed", () => of(pushed, "press").includes("press acknowledged 2"));
  await until("it is published", () => of(published, "press").includes("press acknowledged 2"));
  const shelved = await api.post(`alarms/${id}/shelve`, { version: 2, seconds: 600 });
  expect(shelved.body).toMatchObject({ alarm: { version: 3 } });
  expect(await alarmsOf("press", "open")).toEqual([]);
  expect(await alarmsOf("press", "shelved")).toMatchObject([{ id }]);
  expect((await api.post(`alarms/${id}/assign`, { version: 3, assignee: "ada" })).status).toBe(200);
  expect((await api.post(`alarms/${id}/clear`, { version: 4 })).status).toBe(200);
  expect((await api.post(`alarms/${id}/comment`, { version: 5, comment: "it was the fan" })).status).toBe(
    200,
  );
  expect(await changesOf(id)).toEqual([
    "raised by platform",
    ...["acknowledged", "shelved", "assigned", "cleared", "commented"].map((change) => `${change} by anyone`),
  ]);
});

test("an operator's rule raises at the first reading over its limit, and clears when it is removed", async () => {
  const condition = { kind: "above", limit: 80 };
  const rule = { name: "Too hot", sensorType: "oven", condition, severity: "critical", clearSeconds: 0 };
  const odd = await api.post("rules", { ...rule, condition: { kind: "outside", low: 5, high: 1 } });
  expect([odd.status, odd.body?.["code"]]).toEqual([400, "RULE_INVALID"]);
  expect(odd.body?.["error"]).toContain("rule “Too hot”: low 5 must be less than high 1");
  const nothing = await api.post("rules", { ...rule, condition: { kind: "above", limit: null } });
  expect(nothing.body?.["code"]).toBe("RULE_INVALID");
  const { status, body } = await api.post("rules", { ...rule, devices: ["bak*"] });
  expect(status).toBe(201);
  const { id, version } = (body as Static<typeof RuleAnswer>).rule;
  expect((await api.post("rules", rule)).body?.["code"]).toBe("NAME_TAKEN");
  const send = (value: number) =>
    device.publishAsync("devices/baker/telemetry/oven", String(value), { qos: 1 });
  await until("the processor has read it", async () => {
    await send(81);
    return (await alarmsOf("baker")).length > 0;
  });
  const own = { rule: `rule-${id}`, severity: "critical", state: "raised" };
  expect(await onlyAlarmOf("baker")).toMatchObject(own);
  expect((await onlyAlarmOf("baker")).peak.sentence).toBe("Oven 81; rule “Too hot”: above 80.");
  const late = await api.put(`rules/${id}`, { ...rule, version: version + 1 });
  expect([late.status, late.body?.["code"]]).toEqual([409, "RULE_STALE"]);
  const changed = await api.put(`rules/${id}`, { ...rule, version, severity: "minor" });
  expect(changed.body).toMatchObject({ rule: { id, version: version + 1, severity: "minor" } });
  expect((await api.delete(`rules/${id}?version=${version + 1}`)).status).toBe(204);
  await until("it is cleared", async () => (await onlyAlarmOf("baker")).state === "cleared");
  await until("it was told", () => of(published, "baker").length >= 2);
  expect(of(published, "baker")).toEqual(["baker raised 1", "baker cleared 2"]);
  expect((await api.get("rules")).body).toEqual({ rules: [] });
});

test("many devices at once are one alarm that clears after the last of them", async () => {
  const devices = Array.from({ length: stormDevices }, (_, number) => `storm-${number}`);
  const heard = () => published.filter((what) => what.startsWith(" "));
  await until("they are one", async () => {
    await Promise.all(devices.map(suffer));
    return heard().length > 0;
  });
  await until("it was told to be over", () => heard().length === 2);
  expect(heard()).toEqual([" raised 1", " cleared 2"]);
  const { body } = await api.get("alarms?fold=true&limit=1000");
  const [group, ...others] = (body as AlarmsAnswer).alarms.filter(({ members }) => members > 0);
  expect(others).toEqual([]);
  expect(group).toMatchObject({ sensorType: "temperature", state: "cleared" });
  const members = await api.get(`alarms?group=${group?.id}&limit=1000`);
  expect((members.body as AlarmsAnswer).alarms).toHaveLength(group?.members ?? 0);
  // Those that were told before it was a storm are told to be over; the others are not spoken of.
  for (const id of devices)
    expect([[], [`${id} raised 1`, `${id} cleared 2`]]).toContainEqual(of(published, id));
});

test("a false alarm is noted, a quieter line previewed, applied without a restart, and rolled back", async () => {
  /** Whether a device that was never heard of is called anomalous at its first, untypical reading. */
  const isCalled = async (deviceId: string): Promise<boolean> => {
    await device.publishAsync(`devices/${deviceId}/telemetry/temperature`, "33", { qos: 1 });
    const readings = () => api.get(`readings?device=${deviceId}`);
    // The route answers with this schema.
    const points = async () => ((await readings()).body as ReadingsAnswer | undefined)?.series[0]?.points;
    await until("it is stored", async () => (await points()) !== undefined);
    return (await points())?.[0]?.[3] === 1;
  };
  expect(await isCalled("greenhouse-0")).toBe(true);
  const { id, version, peak } = await onlyAlarmOf("greenhouse-0");
  expect(peak.sentence).toContain("learning 0/60");
  const body = { version, verdict: "false-alarm", note: "it is a greenhouse" };
  expect((await api.post(`alarms/${id}/feedback`, body)).body).toMatchObject({
    alarm: { version: version + 1, judgement: { verdict: "false-alarm", by: "anyone", note: body.note } },
  });
  await until("it is pushed", () =>
    of(pushed, "greenhouse-0").includes(`greenhouse-0 judged ${version + 1}`),
  );

  const wish = { allowance: 0.0001, mutes: [] };
  const asked = await api.post("tunings/preview", { sensorType: "temperature", wish });
  expect(asked.status).toBe(202);
  const { preview } = asked.body as PreviewAnswer;
  const look = async () => ((await api.get(`tunings/previews/${preview.id}`)).body as PreviewAnswer).preview;
  expect((await api.post("tunings", { preview: 999_999 })).body).toMatchObject({ code: "TUNING_UNKNOWN" });
  await until("it is worked out", async () => (await look()).state !== "waiting");
  const { outcome } = await look();
  expect(outcome).toMatchObject({ to: wish, removed: 1, hidden: 0, falseAlarms: { all: 1, removed: 1 } });
  expect(outcome?.kept).toBeGreaterThan(0);
  expect(outcome?.sentence).toContain(`Would have removed 1 of ${outcome?.alarms} alarms in 7 days`);

  const applied = await api.post("tunings", { preview: preview.id });
  expect(applied.body).toMatchObject({ tuning: { sensorType: "temperature", deviceId: null, tuning: wish } });
  expect((await api.post("tunings", { preview: preview.id })).body).toMatchObject({ code: "TUNING_STALE" });
  let tried = 0;
  await until("the processor has taken it over", async () => !(await isCalled(`greenhouse-${++tried}`)));
  const { tuning } = applied.body as TuningAnswer;
  expect((await api.get("tunings")).body).toMatchObject({ tunings: [{ id: tuning.id }] });
  expect((await api.post("tunings/rollback", { id: tuning.id })).status).toBe(200);
  expect((await api.get("tunings")).body).toEqual({ tunings: [] });
  await until("it has taken the old one over", async () => isCalled(`greenhouse-${++tried}`));
});

test("what makes no sense is refused with a code", async () => {
  expect((await api.get("alarms/0")).status).toBe(400);
  expect((await api.get("alarms?state=loud")).status).toBe(400);
  expect((await api.get("alarms/999999")).body).toMatchObject({ code: "ALARM_UNKNOWN" });
  expect((await api.post("alarms/999999/clear", { version: 1 })).status).toBe(404);
  expect((await api.post("alarms/1/clear")).status).toBe(400);
  expect((await api.post("alarms/1/comment", { version: 1 })).status).toBe(400);
  expect((await api.post("alarms/1/feedback", { version: 1, verdict: "perhaps" })).status).toBe(400);
  const wish = { allowance: 0.5, mutes: [] };
  expect((await api.post("tunings/preview", { sensorType: "temperature", wish })).status).toBe(400);
});

test("the list goes in pages", async () => {
  const first = await api.get("alarms?limit=2");
  const page = first.body as AlarmsAnswer | undefined;
  expect(page?.alarms).toHaveLength(2);
  const second = (await api.get(`alarms?limit=2&after=${page?.next}`)).body as AlarmsAnswer | undefined;
  const ids = [...(page?.alarms ?? []), ...(second?.alarms ?? [])].map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => b - a));
  expect(ids).toHaveLength(4);
});
