import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LedgerAnswer } from "../../schema/api.ts";
import { until } from "../harness/local-servers.ts";
import { type Fleet, startFleet } from "./devices.ts";
import {
  announcedIn,
  eventCapacity,
  hearAnnouncements,
  keysIn,
  ledgerOf,
  refusedPayloads,
} from "./evidence.ts";
import { type FaultLog, makeFaults } from "./faults.ts";
import { type Mortals, startMortals } from "./mortals.ts";
import { chaosPlan, kindOf, targets } from "./plan.ts";
import { type Platform, startPlatform } from "./subjects.ts";
import { compareAnnounced, compareStored, compareWills } from "./witness.ts";

// The short form is part of `npm test`: always the same faults. The long one throws its own seed, and says which.
const isLong =
  process.env["npm_lifecycle_event"] === "test:chaos" || process.env["CHAOS_SECONDS"] !== undefined;
const seconds = Number(process.env["CHAOS_SECONDS"] ?? (isLong ? 300 : 40));
const seed = Number(process.env["CHAOS_SEED"] ?? (isLong ? Date.now() % 1_000_000 : 3));
const appendfsync = process.env["CHAOS_APPENDFSYNC"] === "always" ? "always" : "everysec";

// As often as keeps the anomalies of a run, at up to 900 readings a second, within the capacity of the event stream.
const impossibleEvery = Math.max(40, Math.ceil(seconds / 5));
const drainMs = 90_000;
const ledgerMs = 30_000;

function say(what: string): void {
  process.stdout.write(`chaos: ${what}\n`);
}

describe(`${seconds} s of faults with seed ${seed}, appendfsync ${appendfsync}`, () => {
  let platform: Platform;
  let fleet: Fleet;
  let mortals: Mortals;
  let faults: FaultLog;
  let hearing: ReturnType<typeof hearAnnouncements>;
  let ledger: LedgerAnswer | undefined;
  // Until the load has run to its end.
  let hasFailed = true;
  const report: Record<string, unknown> = { seed, seconds, appendfsync };
  const plan = chaosPlan(seed, seconds);
  const redisKills = () => (appendfsync === "always" ? [] : faults.redisKillsMs);
  const stored = async () =>
    compareStored(fleet.readings, await keysIn(platform.database, "readings"), redisKills());

  beforeAll(
    async () => {
      say(
        `seed ${seed}, ${plan.length} faults in ${seconds} s; again with CHAOS_SEED=${seed} CHAOS_SECONDS=${seconds}`,
      );
      platform = await startPlatform({ appendfsync });
      hearing = hearAnnouncements(platform.redisUrl);
      const { mqttUrls, httpUrl } = platform;
      mortals = await startMortals(mqttUrls);
      const beginMs = performance.now();
      fleet = await startFleet({
        mqttUrls,
        httpUrl,
        devices: 16,
        window: 5,
        legacy: 4,
        impossibleEvery,
        restMs: 100,
      });
      faults = await makeFaults(plan, platform.subjects);
      await pause(Math.max(0, seconds * 1000 - (performance.now() - beginMs)));
      await fleet.stop();
      await mortals.stop();
      report["faults"] = countBy(plan.map(kindOf));
      hasFailed = false;
    },
    (2 * seconds + 240) * 1000,
  );

  afterAll(async () => {
    say(JSON.stringify(report));
    await hearing?.stop();
    if (hasFailed) say(`seed ${seed} failed; what the programs said: ${platform?.keepLogs()}`);
    await platform?.stop();
  });

  const witness = (title: string, testimony: () => Promise<void>) =>
    test(title, { timeout: 120_000 }, async ({ onTestFailed }) => {
      onTestFailed(() => {
        hasFailed = true;
      });
      await testimony();
    });

  witness("every target comes back after its fault", async () => {
    expect(faults.failures).toEqual([]);
    // A program may refuse to start while a server is away. None may end once it runs.
    const refusals = platform.endings().filter(({ wasReady }) => !wasReady);
    report["refusedToStart"] = countBy(refusals.map(({ name }) => name));
    expect(platform.endings().filter(({ wasReady }) => wasReady)).toEqual([]);
    expect(refusals.filter(({ lastWords }) => !/STORE_DOWN|STREAM_DOWN/.test(lastWords))).toEqual([]);
    report["exitsOnSigterm"] = countBy(faults.exits.map(({ exitCode }) => String(exitCode)));
  });

  witness("every acknowledged reading is stored soon after the last fault", async () => {
    const beginMs = performance.now();
    const isDrained = async () => (await stored().catch(() => undefined))?.missing.length === 0;
    await until("every acknowledged reading is stored", isDrained, { withinMs: drainMs, everyMs: 500 }).catch(
      // What is missing is told below, by key.
      () => undefined,
    );
    report["drainMs"] = Math.round(performance.now() - beginMs);
    const { missing, lostWithRedis, lossMs } = await stored();
    Object.assign(report, {
      sent: fleet.readings.sent,
      acknowledged: fleet.readings.acknowledged,
      lostWithRedis: lostWithRedis.length,
      lossMs: Math.round(lossMs),
    });
    expect(missing).toEqual([]);
    expect(fleet.surprises).toEqual([]);
  });

  witness("the wills of a killed broker's clients are published by the other within 5 s, once", async () => {
    const { judged, late, twice, invented, slowestMs } = compareWills({ ...mortals, faults: faults.spans });
    Object.assign(report, {
      lives: mortals.lives.length,
      willsHeard: mortals.heard.length,
      willsJudged: judged,
    });
    report["slowestWillMs"] = Math.round(slowestMs);
    expect({ late, twice, invented }).toEqual({ late: [], twice: [], invented: [] });
  });

  witness("the ledger comes to rest in balance", async () => {
    await until(
      "nothing is in flight",
      async () => {
        ledger = await ledgerOf(platform.webUrl).catch(() => undefined);
        return ledger?.inFlight === 0 && ledger.difference === 0;
      },
      { withinMs: ledgerMs, everyMs: 500 },
    ).catch(() => undefined);
    report["ledger"] = ledger;
    expect(ledger).toMatchObject({ inFlight: 0, difference: 0, state: "balanced" });
  });

  witness("the doors answer after all that, and every program leaves with 0", async () => {
    expect((await fetch(`${platform.httpUrl}/latest`)).status).toBe(200);
    expect((await fetch(`${platform.webUrl}/api/v1/devices`)).status).toBe(200);
    const programs = targets.filter((target) => target !== "redis" && target !== "postgres");
    for (const target of programs) {
      expect([target, await platform.subjects[target].end("SIGTERM")]).toEqual([target, 0]);
    }
  });

  witness("no reading is stored twice, and none that nobody sent", async () => {
    const rows = await keysIn(platform.database, "readings");
    report["rows"] = rows.length;
    const { doubled, invented, missing } = compareStored(fleet.readings, rows, redisKills());
    expect({ doubled, invented, missing }).toEqual({ doubled: [], invented: [], missing: [] });
  });

  witness("every acknowledged message that is no JSON is kept as a rejection", async () => {
    const payloads = await refusedPayloads(platform.database);
    report["rejected"] = payloads.length;
    const { missing, invented } = compareStored(fleet.nonsense, payloads, redisKills());
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });

  witness("every anomaly is announced once, and none that is none", async () => {
    const { events, stream } = await announcedIn(platform.redisUrl);
    const anomalies = await keysIn(platform.database, "anomalies");
    const verdict = compareAnnounced({ anomalies, stream, heard: hearing.heard });
    Object.assign(report, {
      anomalies: anomalies.length,
      announced: stream.length,
      announcedNever: verdict.never.length,
      announcementsLostWithRedis: verdict.lostWithRedis.length,
    });
    expect(events).toBeLessThan(eventCapacity);
    expect(anomalies.length).toBeGreaterThan(0);
    const { twice, invented, never } = verdict;
    expect({ twice, invented, never }).toEqual({ twice: [], invented: [], never: [] });
  });
});

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
