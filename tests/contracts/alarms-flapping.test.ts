import { sql } from "kysely";
import { expect, test } from "vitest";
import { openMetrics } from "../../platform/telemetry.ts";
import { utcCalendar } from "../../processor/calendar.ts";
import { ModelRegistry } from "../../processor/registry.ts";
import { openRuleBook } from "../../processor/rule-book.ts";
import { openScorer } from "../../processor/shard-scorer.ts";
import { TuningBook } from "../../processor/tuning-book.ts";
import type { Reading } from "../../schema/reading.ts";
import type { RuleWish } from "../../schema/rule.ts";
import { onEach, servers } from "./databases.ts";
import { batch, silent, startUs } from "./samples.ts";

const clearMs = 300_000;
const limits = { devices: 10, sharePercent: 20, windowMs: 60_000 };

onEach(servers, "from readings to announcements", (stores) => {
  const nothing = () => Promise.resolve();
  /** Models take a while to grow, and remember nothing of the series. */
  let registry: ModelRegistry | undefined;

  async function newScorer() {
    const { readings, models, rules } = stores();
    const book = openRuleBook(rules);
    await book.refresh();
    registry ??= new ModelRegistry({ store: models, log: silent });
    const tunings = new TuningBook(stores().tunings, utcCalendar);
    const deps = { store: readings, models: registry, tunings, rules, book, metrics: openMetrics() };
    return openScorer({ ...deps, mostSeries: () => 1000 });
  }

  const take = async (scorer: Awaited<ReturnType<typeof newScorer>>, readings: readonly Reading[]) =>
    stores().write(
      batch(await scorer.score([{ receivedUs: readings.at(-1)?.timestampUs ?? 0, readings }], nothing)),
    );

  const at = (second: number, value: number, deviceId = "a"): Reading => ({
    ...{ deviceId, sensorType: "temperature", timestampUs: startUs + second * 1e6, value },
  });

  /** Lets seconds go by for the alarms, then does what a processor does now and then; answers what was told. */
  async function pass(seconds: number): Promise<string[]> {
    const { alarms, database } = stores();
    await sql`UPDATE alarms SET heard_at = heard_at - ${seconds} * interval '1 second',
      opened_at = opened_at - ${seconds} * interval '1 second'`.execute(database.db);
    await alarms.settle(clearMs);
    await alarms.gather(limits);
    const said = await alarms.announce(nothing);
    return said.map(({ change, alarm }) => `${alarm.rule} ${change}`);
  }

  const rule: RuleWish = {
    ...{ name: "Too hot", sensorType: "temperature", devices: null, schedule: null },
    condition: { of: "value", kind: "above", limit: 80, hysteresis: 5, overSeconds: 60 },
    ...{ forSeconds: 0, severity: "major", clearSeconds: 60, isEnabled: true },
  };

  test("a sensor that flaps once a second for ten minutes is one alarm of each rule, told twice", async () => {
    await stores().rules.add(rule, "operator:ada");
    const calm = Array.from({ length: 120 }, (_, second) => at(second - 120, 22 + (second % 5) / 10));
    let scorer = await newScorer();
    await take(scorer, calm);
    const said: string[] = [];
    for (let second = 0; second < 600; second += 20) {
      // Half-way another processor takes over.
      if (second === 300) scorer = await newScorer();
      await take(
        scorer,
        Array.from({ length: 20 }, (_, more) => at(second + more, more % 2 === 0 ? 95 : 22)),
      );
      said.push(...(await pass(20)));
    }
    for (let second = 0; second < 400; second += 50) said.push(...(await pass(50)));
    expect(said.filter((what) => what.startsWith("rule-"))).toEqual([
      expect.stringContaining("raised"),
      expect.stringContaining("cleared"),
    ]);
    expect(said.filter((what) => what.startsWith("anomaly"))).toEqual(["anomaly raised", "anomaly cleared"]);
    const alarms = await stores().alarms.list({ limit: 10 });
    expect(alarms.find(({ rule: of }) => of !== "anomaly")).toMatchObject({ anomalies: 300, version: 2 });
  });

  test("a condition that goes on over take-overs counts from its beginning", async () => {
    await stores().rules.add({ ...rule, forSeconds: 25 }, "operator:ada");
    const rate = { of: "rate", kind: "above", limit: 50, hysteresis: 0, overSeconds: 60 } as const;
    await stores().rules.add({ ...rule, name: "Too fast", condition: rate }, "operator:ada");
    const raisedAfter: string[] = [];
    for (let second = 0; second < 90; second += 10) {
      // Each batch is the first one of a processor.
      await take(await newScorer(), [at(second, second < 30 ? 22 : 85)]);
      const said = (await pass(10)).filter((what) => what.startsWith("rule-"));
      for (const what of said) raisedAfter.push(`${second} s: ${what.replace(/\d+/, "n")}`);
    }
    // From 22 to 85 within the minute before; over 80 from 30 s on.
    expect(raisedAfter).toEqual(["60 s: rule-n raised", "60 s: rule-n raised"]);
  });
});
