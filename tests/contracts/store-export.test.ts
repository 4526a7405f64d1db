import { expect, test } from "vitest";
import type { ExportQuery } from "../../platform/export/export-ports.ts";
import { engines, onEach } from "./databases.ts";
import { batch, series, startUs } from "./samples.ts";

const everything = { fromUs: 0, toUs: 8e15 };

onEach(engines, "the way out for readings", (stores) => {
  const exported = async (over: Partial<ExportQuery> = {}) => {
    const rows: [deviceId: string, sensorType: string, place: number][] = [];
    for await (const { deviceId, sensorType, points } of stores().readingExport.runs({
      ...everything,
      ...over,
    }))
      for (const { timestampUs } of points) rows.push([deviceId, sensorType, (timestampUs - startUs) / 1e6]);
    return rows;
  };
  const expectedOf = (deviceId: string, sensorType: string, count: number) =>
    Array.from({ length: count }, (_, place) => [deviceId, sensorType, place]);

  test("gives every reading once, by device, sensor and time, whatever the length of a series", async () => {
    const lengths = { a: 100, b: 101, c: 99, d: 5200, e: 1 };
    for (const [deviceId, count] of Object.entries(lengths))
      await stores().write(batch({ readings: series(deviceId, count) }));
    await stores().write(batch({ readings: series("c", 3, { sensorType: "humidity" }) }));
    expect(await exported()).toEqual([
      ...expectedOf("a", "temperature", 100),
      ...expectedOf("b", "temperature", 101),
      ...expectedOf("c", "humidity", 3),
      ...expectedOf("c", "temperature", 99),
      ...expectedOf("d", "temperature", 5200),
      ...expectedOf("e", "temperature", 1),
    ]);
  });

  test("goes through more series than one statement asks for", async () => {
    const readings = Array.from({ length: 120 }, (_, place) =>
      series(`d${String(place).padStart(3, "0")}`, 2),
    ).flat();
    await stores().write(batch({ readings }));
    const rows = await exported();
    expect(rows).toHaveLength(240);
    expect(rows.map(([deviceId]) => deviceId)).toEqual(rows.map(([deviceId]) => deviceId).toSorted());
  });

  test("keeps to devices, sensors and a range that ends before its end", async () => {
    await stores().write(
      batch({
        readings: [...series("a", 5), ...series("a", 5, { sensorType: "humidity" }), ...series("b", 5)],
      }),
    );
    const at = (place: number) => startUs + place * 1e6;
    expect(
      await exported({ deviceIds: ["a"], sensorTypes: ["temperature"], fromUs: at(1), toUs: at(4) }),
    ).toEqual(expectedOf("a", "temperature", 4).slice(1));
    expect(await exported({ deviceIds: ["nobody"] })).toEqual([]);
  });

  test("writes the same as lines of CSV", async () => {
    const readings = [
      ...series('hall 3, "left"', 1, { modelVersion: '=odd, "model"@1', score: 0.3, value: -0.1 }),
      ...series("b", 101),
    ];
    await stores().write(batch({ readings }));
    let text = "";
    for await (const lines of stores().readingExport.lines(everything)) text += lines;
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(102);
    expect([lines[0], lines[100], lines[101]]).toEqual([
      "b,temperature,2026-01-01T00:00:00.123456Z,0,0.25,false,temperature@factory-2",
      "b,temperature,2026-01-01T00:01:40.123456Z,100,0.25,false,temperature@factory-2",
      `"hall 3, ""left""",temperature,2026-01-01T00:00:00.123456Z,-0.1,0.3,false,"'=odd, ""model""@1"`,
    ]);
  });

  test("reads no further than it is taken", async () => {
    await stores().write(batch({ readings: series("a", 300) }));
    for await (const { points } of stores().readingExport.runs({ ...everything, deviceIds: ["a"] })) {
      expect(points).toHaveLength(100);
      break;
    }
    // The one connection of PGlite is free again.
    expect(await stores().devices.countInactive(1e12)).toBe(0);
  });
});
