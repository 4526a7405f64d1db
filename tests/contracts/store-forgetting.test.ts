import { sql } from "kysely";
import { expect, test } from "vitest";
import { engines, onEach, pglite } from "./databases.ts";
import { anomalous, batch, nowUs } from "./samples.ts";

const dayUs = 86_400e6;
const clearMs = 300_000;

onEach(engines, "a device that is forgotten", (stores) => {
  const rule = "rule-1";

  /** Heard of so many days ago and silent since, with all that may be kept of it. */
  async function lose(deviceId: string, days: number) {
    const atUs = nowUs() - days * dayUs;
    const key = { deviceId, sensorType: "temperature" };
    await stores().write(
      batch({
        readings: [anomalous({ ...key, timestampUs: atUs })],
        receivedUs: atUs,
        anchors: [{ ...key, timestampUs: atUs, format: 1, state: Buffer.of(1) }],
        steps: { strikes: [], ends: [], begins: [{ ...key, rule, sinceUs: atUs }] },
      }),
    );
    const silence = {
      rule: "silent",
      atUs,
      score: 0.85,
      value: null,
      sentence: "",
      expected: null,
      holds: true,
    };
    await stores().alarms.raise([{ ...silence, deviceId, sensorType: "" }]);
    await stores().devices.deactivateSilent(60_000);
  }

  const quieten = () =>
    sql`UPDATE alarms SET heard_at = heard_at - interval '1 day'`.execute(stores().database.db);
  const silences = async () =>
    (await stores().alarms.list({ rule: "silent", limit: 10 })).map(
      ({ deviceId, state }) => `${deviceId} ${state}`,
    );
  const idsIn = async (table: "detector_anchors" | "rule_runs" | "device_latest" | "devices") =>
    (await stores().database.db.selectFrom(table).select("device_id").execute()).map((row) => row.device_id);

  test("leaves nothing that detectors and rules remember, and its readings", async () => {
    await lose("gone", 40);
    await lose("away", 20);
    expect(await stores().devices.forgetInactive(30)).toBe(1);
    for (const table of ["detector_anchors", "rule_runs", "device_latest", "devices"] as const)
      expect(await idsIn(table)).toEqual(["away"]);
    expect(await stores().database.db.selectFrom("readings").select("device_id").execute()).toHaveLength(2);
  });

  test("is silent no longer, as is said, and its alarm is removed in its time", async () => {
    await lose("gone", 40);
    await lose("away", 20);
    await lose("provisioned", 40);
    const principal = { userName: "provisioned", hash: null, labels: {}, rights: null };
    await stores().access.add([principal], "operator:ada");
    await quieten();
    await stores().alarms.settle(clearMs);
    expect(await silences()).toEqual(["provisioned raised", "away raised", "gone raised"]);
    await stores().devices.forgetInactive(30);
    await stores().alarms.settle(clearMs);
    expect(await silences()).toEqual(["provisioned raised", "away raised", "gone cleared"]);
    const said: string[] = [];
    await stores().alarms.announce(async (events) => {
      for (const { deviceId, change, alarm } of events)
        if (alarm.rule === "silent") said.push(`${deviceId} ${change} ${alarm.version}`);
    });
    expect(said).toEqual(["gone raised 1", "away raised 1", "provisioned raised 1", "gone cleared 2"]);
    await sql`UPDATE alarms SET cleared_at = cleared_at - interval '100 days'`.execute(stores().database.db);
    await stores().alarms.forgetCleared(90);
    expect(await silences()).toEqual(["provisioned raised", "away raised"]);
  });

  test("whose alarm is on the shelf stays there until its time is over", async () => {
    await lose("gone", 40);
    await quieten();
    const [alarm] = await stores().alarms.list({ rule: "silent", limit: 1 });
    const order = { wish: { kind: "shelve" as const, seconds: 600 }, version: 1, by: "ada", comment: null };
    await stores().alarms.change(alarm?.id ?? 0, order);
    await stores().devices.forgetInactive(30);
    await stores().alarms.settle(clearMs);
    expect(await silences()).toEqual(["gone raised"]);
    await sql`UPDATE alarms SET shelved_until = now()`.execute(stores().database.db);
    await stores().alarms.settle(clearMs);
    expect(await silences()).toEqual(["gone cleared"]);
  });
});

onEach([pglite], "whoever asks while much is forgotten", (stores) => {
  const rows = 12_000;
  const filling = {
    rejected: sql`
      INSERT INTO rejected (id, code, reason, source, payload, payload_bytes, received_at)
      SELECT gen_random_uuid(), 'PAYLOAD_NOT_JSON', '', '', '', 0, now() - interval '40 days' FROM generate_series(1, ${rows})`,
    notifications: sql`
      WITH route AS (
        INSERT INTO notification_routes (name, enabled, channel, settings) VALUES ('a', true, 'mqtt', '{}') RETURNING id
      )
      INSERT INTO notifications (route_id, kind, severity, score, content, state, queued_at)
      SELECT id, 'alarm', 'minor', 0, '{}', 'sent', now() - interval '40 days' FROM route, generate_series(1, ${rows})`,
    commands: sql`
      INSERT INTO commands (device_id, name, payload, by, queued_at, expires_at)
      SELECT 'a', 'b', '', 'c', now() - interval '40 days', now() - interval '39 days' FROM generate_series(1, ${rows})`,
    devices: sql`
      INSERT INTO devices (device_id, first_seen, last_seen, active)
      SELECT 'device-' || n, now() - interval '40 days', now() - interval '40 days', false FROM generate_series(1, ${rows}) AS n`,
  };

  test.each(Object.keys(filling) as (keyof typeof filling)[])("is answered in between: %s", async (table) => {
    const { db } = stores().database;
    const forgetting = {
      rejected: () => stores().rejections.forgetOlderThan(30),
      notifications: () => stores().notifications.forgetOlderThan(30),
      commands: () => stores().commands.forgetOlderThan(30),
      devices: () => stores().devices.forgetInactive(30),
    };
    await filling[table].execute(db);
    const forgotten = forgetting[table]();
    const left = db.selectFrom(table).select((eb) => eb.fn.countAll<number>().as("count"));
    const { count } = await left.executeTakeFirstOrThrow();
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(rows);
    expect(await forgotten).toBe(rows);
    expect(await left.executeTakeFirstOrThrow()).toEqual({ count: 0 });
  });
});
