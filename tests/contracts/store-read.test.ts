import { expect, test } from "vitest";
import type { AnomalyQuery, StoredSeries } from "../../platform/ports.ts";
import { engines, onEach } from "./databases.ts";
import { anomalous, batch, nowUs, scored, series, startUs } from "./samples.ts";

/** What tells these series apart: device, type, and the values of the points in order. */
function brief(stored: readonly StoredSeries[]) {
  return stored.map(({ deviceId, sensorType, points }) => [
    deviceId,
    sensorType,
    points.map(({ value }) => value),
  ]);
}

onEach(engines, "the store", (stores) => {
  async function fill(): Promise<void> {
    const readings = [
      ...series("a", 5),
      ...series("a", 2, { sensorType: "humidity" }),
      ...series("b", 3),
      ...series("c", 1),
    ];
    await stores().write(batch({ readings }));
  }

  test("gives the newest readings of several series, oldest first", async () => {
    await fill();
    expect(brief(await stores().readings.recentOfDevices(["b", "a", "nobody"], 3))).toEqual([
      ["a", "humidity", [0, 1]],
      ["a", "temperature", [2, 3, 4]],
      ["b", "temperature", [0, 1, 2]],
    ]);
  });

  test("orders a history by time and not by arrival", async () => {
    for (const place of [3, 1, 2, 0]) {
      const reading = scored({ deviceId: "a", timestampUs: startUs + place, value: place });
      await stores().write(batch({ readings: [reading] }));
    }
    expect(brief(await stores().readings.recentOfDevices(["a"], 3))).toEqual([
      ["a", "temperature", [1, 2, 3]],
    ]);
  });

  test("gives the newest readings of every sensor of some devices", async () => {
    await fill();
    expect(brief(await stores().readings.recentOfDevices(["c", "a", "nobody", "a"], 2))).toEqual([
      ["a", "humidity", [0, 1]],
      ["a", "temperature", [3, 4]],
      ["c", "temperature", [0]],
    ]);
    expect(await stores().readings.recentOfDevices([], 2)).toEqual([]);
  });

  test("gives the newest reading of each sensor by device id", async () => {
    await fill();
    const latest = await stores().readings.latest(60_000);
    expect(latest.map(({ deviceId, sensorType, value }) => [deviceId, sensorType, value])).toEqual([
      ["a", "humidity", 1],
      ["a", "temperature", 4],
      ["b", "temperature", 2],
      ["c", "temperature", 0],
    ]);
  });

  test("leaves devices out of the latest readings that were not heard of within the timeout", async () => {
    const heard = (deviceId: string, receivedUs: number) =>
      stores().write(batch({ readings: series(deviceId, 1), receivedUs }));
    await heard("present", nowUs());
    await heard("late", nowUs() - 60_000_000);
    const devicesWithin = async (timeoutMs: number) =>
      (await stores().readings.latest(timeoutMs)).map(({ deviceId }) => deviceId);
    expect(await devicesWithin(30_000)).toEqual(["present"]);
    expect(await devicesWithin(90_000)).toEqual(["late", "present"]);
  });

  test("leaves inactive devices out of the latest readings whatever the timeout", async () => {
    await stores().write(batch({ readings: series("silent", 1), receivedUs: nowUs() - 60_000_000 }));
    await stores().devices.deactivateSilent(30_000);
    expect(await stores().readings.latest(3_600_000)).toEqual([]);
    await stores().write(batch({ readings: series("silent", 2) }));
    expect(await stores().readings.latest(3_600_000)).toMatchObject([{ deviceId: "silent", value: 1 }]);
  });

  test("gives anomalies newest first, of a device and a range, and page by page", async () => {
    const of = (deviceId: string, place: number, sensorType = "temperature") =>
      anomalous({ deviceId, sensorType, timestampUs: startUs + place });
    await stores().write(
      batch({
        readings: [of("a", 0), of("b", 1), of("a", 1), of("a", 1, "humidity"), of("a", 2), of("b", 3)],
      }),
    );
    const asked = async (over: Partial<AnomalyQuery>) =>
      (await stores().readings.anomalies({ limit: 100, ...over })).map(
        ({ deviceId, sensorType, timestampUs }) => `${deviceId} ${sensorType} ${timestampUs - startUs}`,
      );
    const all = ["b temperature 3", "a temperature 2", "a humidity 1", "a temperature 1", "b temperature 1"];
    expect(await asked({})).toEqual([...all, "a temperature 0"]);
    expect(await asked({ deviceId: "b" })).toEqual(["b temperature 3", "b temperature 1"]);
    expect(await asked({ range: { fromUs: startUs + 1, toUs: startUs + 2 } })).toEqual(all.slice(2));
    const walked: string[] = [];
    let after: AnomalyQuery["after"];
    for (let page = 0; page < 7; page += 1) {
      const [next] = await stores().readings.anomalies({ limit: 1, after });
      if (next === undefined) break;
      walked.push(`${next.deviceId} ${next.sensorType} ${next.timestampUs - startUs}`);
      after = next;
    }
    expect(walked).toEqual(await asked({}));
  });
});
