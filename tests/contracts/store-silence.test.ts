import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Heard } from "../../platform/readings/shard-batch.ts";
import { Attentions } from "../../processor/attention.ts";
import { watchSilence } from "../../processor/silence-watch.ts";
import type { ScoredReading } from "../../schema/scored.ts";
import { engines, onEach } from "./databases.ts";
import { batch, scored, startUs } from "./samples.ts";

const second = 1_000_000;

interface Times {
  readonly seconds: number;
  readonly at?: number;
  /** The usual gap as the processor knows it. */
  readonly gapUs?: number | null;
}

onEach(engines, "who is not heard of any more", (stores) => {
  const warnings: string[] = [];

  /** A processor that has read its only shard without a break for so many seconds before `startUs`. */
  function processor(beganSecondsAgo = 60) {
    const attention = new Attentions();
    const shard = attention.begin(0);
    const readUntil = (seconds: number) => shard.readUntil(startUs + seconds * second);
    for (let seconds = -beganSecondsAgo; seconds <= 0; seconds += 1) readUntil(seconds);
    const { devices, alarms } = stores();
    const log = { warn: (_: object, message: string) => warnings.push(message) };
    return {
      /** Reads on until then, as if others were heard of meanwhile, and looks. */
      async look(seconds: number, { isAnyoneHeard = true } = {}) {
        const fromUs = attention.furthestUs() ?? startUs;
        for (let us = fromUs; us < startUs + seconds * second; us += second) shard.readUntil(us);
        readUntil(seconds);
        if (isAnyoneHeard) shard.heard(startUs + seconds * second);
        await watchSilence({ devices, alarms, attention, shards: 1, log });
      },
    };
  }

  /** Sensors that speak every second, heard of so many seconds after `startUs`; `at` is the time on the clock of the device. */
  async function hear(deviceId: string, sensorTypes: readonly string[], times: number | Times) {
    const given = typeof times === "number" ? { seconds: times } : times;
    const { seconds, at = seconds, gapUs = second } = given;
    const timestampUs = startUs + at * second;
    const readings = sensorTypes.map((sensorType) =>
      scored({ deviceId, sensorType, timestampUs, value: at }),
    );
    const heardUs = startUs + seconds * second;
    const heard = new Map(readings.map((reading): [ScoredReading, Heard] => [reading, { heardUs, gapUs }]));
    await stores().write(batch({ readings, receivedUs: heardUs, heard }));
  }

  const all = async () =>
    (await stores().alarms.list({ limit: 100 })).map(
      ({ deviceId, sensorType, state }) => `${deviceId} ${sensorType} ${state}`,
    );

  /** An operator clears the newest alarm. */
  async function clearByHand(): Promise<void> {
    const [alarm] = await stores().alarms.list({ limit: 1 });
    const order = { wish: { kind: "clear" as const }, version: 1, by: "ada", comment: null };
    await stores().alarms.change(alarm?.id ?? 0, order);
  }

  test("is told once, a sensor for itself and a device as a whole, until it speaks again", async () => {
    const { look } = processor();
    await hear("kiln", ["humidity", "temperature"], 0);
    await hear("press", ["temperature"], 0);
    await look(9);
    expect(await all()).toEqual([]);
    await hear("kiln", ["humidity"], 11);
    await look(11);
    expect((await all()).sort()).toEqual(["kiln temperature raised", "press  raised"]);
    await look(13);
    expect(await all()).toHaveLength(2);
    expect(await stores().alarms.list({ limit: 10, deviceId: "kiln" })).toMatchObject([
      { rule: "silent", severity: "major", raisedUs: startUs + 10 * second, peak: { value: null } },
    ]);
    await hear("kiln", ["humidity", "temperature"], 14);
    await hear("press", ["temperature"], 14);
    await look(15);
    expect((await all()).sort()).toEqual(["kiln temperature cleared", "press  cleared"]);
    await look(30);
    expect(await all()).toContain("press  raised");
  });

  test("is not told again when an operator has cleared it", async () => {
    const { look } = processor();
    await hear("press", ["temperature"], 0);
    await look(12);
    await clearByHand();
    await look(60);
    expect(await all()).toEqual(["press  cleared"]);
  });

  test("is not told again when the alarm that told of it is long cleared and would be forgotten", async () => {
    const { look } = processor();
    await hear("press", ["temperature"], 0);
    await look(12);
    await clearByHand();
    const { db } = stores().database;
    await db.updateTable("alarms").set({ cleared_at: sql<Date>`now() - interval '8 days'` }).execute();
    await stores().alarms.forgetCleared(7);
    await look(60);
    expect(await all()).toEqual(["press  cleared"]);
    // It speaks again, so nothing holds on to the alarm.
    await hear("press", ["temperature"], 61);
    expect(await stores().alarms.forgetCleared(7)).toBe(1);
  });

  test("a sensor that stays away when its device speaks again has its turn", async () => {
    const { look } = processor();
    await hear("kiln", ["humidity", "temperature"], 0);
    await look(12);
    expect(await all()).toEqual(["kiln  raised"]);
    await hear("kiln", ["humidity"], 14);
    await look(15);
    await look(16);
    expect((await all()).sort()).toEqual(["kiln  cleared", "kiln temperature raised"]);
  });

  test("is missed also when the processor that knew the rhythm is gone", async () => {
    await hear("press", ["temperature"], 0);
    // Another one took over, and has not heard enough of it.
    await hear("press", ["temperature"], { seconds: 1, gapUs: null });
    const { look } = processor();
    await look(12);
    expect(await all()).toEqual(["press  raised"]);
  });

  test("nobody is, for the time in which no processor read", async () => {
    await hear("press", ["temperature"], -600);
    // It is given 20 s to come back, and then its 10 s.
    const { look } = processor(20);
    await look(9);
    expect(await all()).toEqual([]);
    await look(11);
    expect(await all()).toEqual(["press  raised"]);
  });

  test("a crowd is not told one by one while nobody at all is heard of", async () => {
    const { look } = processor();
    for (let place = 0; place < 12; place += 1) await hear(`press-${place}`, ["temperature"], 0);
    await look(12, { isAnyoneHeard: false });
    expect(await all()).toEqual([]);
    expect(warnings).toContain("nobody is heard of");
  });

  test("a device whose clock was put back is heard of, and its newest reading stays", async () => {
    const { look } = processor();
    await hear("press", ["temperature"], 0);
    await hear("press", ["temperature"], { seconds: 9, at: -3600 });
    await look(12);
    expect(await all()).toEqual([]);
    const { db } = stores().database;
    const rows = await db.selectFrom("device_latest").select(["value", "gap_ms"]).execute();
    expect(rows).toEqual([{ value: 0, gap_ms: 1000 }]);
  });
});
