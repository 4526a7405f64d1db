import { expect, test } from "vitest";
import { growFactoryModels } from "./factory.ts";
import { scoreReading } from "./score.ts";
import { scoreLines } from "./score-file.ts";
import { newSeries } from "./series.ts";

async function scored(lines: readonly string[], sensorType = "temperature"): Promise<readonly string[]> {
  const pieces: string[] = [];
  for await (const piece of scoreLines(lines, { sensorType, name: "room.csv" })) pieces.push(piece);
  return pieces.join("").trimEnd().split("\n");
}

const startMs = Date.UTC(2026, 10, 1);
const room = Array.from({ length: 400 }, (_, i) => {
  const value = i === 300 ? 41.2 : 22 + Math.sin(i / 20) + ((i * 7919) % 13) / 30;
  return { timestamp: new Date(startMs + i * 60_000).toISOString(), value };
});
const roomLines = ["timestamp,value", ...room.map(({ timestamp, value }) => `${timestamp},${value}`)];

test("a file gets the scores that the pipeline gives, one line a row", async () => {
  const [head, ...lines] = await scored(roomLines);
  expect(head).toBe("timestamp,value,anomaly_score,is_anomaly,severity,reason");
  expect(lines).toHaveLength(room.length);
  const state = newSeries("temperature");
  const model = growFactoryModels().get("temperature");
  for (const [index, { timestamp, value }] of room.entries()) {
    const reading = {
      deviceId: "d",
      sensorType: "temperature",
      timestampUs: Date.parse(timestamp) * 1000,
      value,
    };
    const { score, isAnomaly } = scoreReading(reading, state, model);
    const points = Math.round(score * 10_000) / 100;
    expect(lines[index]).toMatch(`${timestamp},${value},${points},${isAnomaly ? 1 : 0},`);
  }
  expect(lines[12]).toMatch(/,0,none,learning 12\/60$/);
  expect(lines[300]).toMatch(/,1,(major|critical),Temperature 41.2 °C; .* weighs most\.$/);
});

test("rows that are no readings stay in their place with the reason, and teach nothing", async () => {
  const gaps = ["", "2026-11-01T07:00:00Z,", "2026-11-01T07:00:00Z,NaN", "yesterday,21", "2026-10-01,22"];
  const [, ...lines] = await scored([...roomLines, ...gaps, "1793600000,22.3"]);
  expect(lines.slice(room.length)).toEqual([
    "2026-11-01T07:00:00Z,,0,0,none,no number",
    "2026-11-01T07:00:00Z,NaN,0,0,none,no number",
    "yesterday,21,0,0,none,no timestamp",
    expect.stringMatching(/^2026-10-01,22,[0-9.]+,0,none,late$/),
    expect.stringMatching(/^1793600000,22.3,[0-9.]+,0,none,$/),
  ]);
});

test("the columns may stand in any order, and a file without them is refused by name", async () => {
  const [, line] = await scored(["\uFEFFValue,unit, Timestamp", "22,C,2026-11-01"], "soil");
  expect(line).toBe("2026-11-01,22,0,0,none,learning 0/60");
  await expect(scored(["a,b", "1,2"])).rejects.toThrow(expect.objectContaining({ code: "INPUT_UNREADABLE" }));
  await expect(scored([])).rejects.toThrow(/room\.csv is empty/);
});
