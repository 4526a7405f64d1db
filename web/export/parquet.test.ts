import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import type { ExportedRun } from "../../schema/export.ts";
import { toParquet } from "./parquet.ts";

async function* runsOf(...runs: ExportedRun[]): AsyncGenerator<ExportedRun> {
  yield* runs;
}

const startUs = Date.UTC(2026, 0, 1) * 1000 + 123_456;

function run(deviceId: string, count: number): ExportedRun {
  const points = Array.from({ length: count }, (_, place) => ({
    timestampUs: startUs + place,
    value: place / 8,
    score: 0.25,
    isAnomaly: place % 2 === 1,
    modelVersion: "m",
  }));
  return { deviceId, sensorType: "temperature", points };
}

async function fileOf(...runs: ExportedRun[]): Promise<{ file: ArrayBuffer; pieces: number }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of toParquet(runsOf(...runs))) pieces.push(piece);
  return { file: Uint8Array.from(Buffer.concat(pieces)).buffer, pieces: pieces.length };
}

/** Microseconds as they are: a Date would drop the last three digits. */
const parsers = { timestampFromMicroseconds: (us: bigint) => us } as never;

test("what is written is read back, microseconds and all", async () => {
  const { file } = await fileOf(run("büro 3", 2), run("b", 1));
  expect(await parquetReadObjects({ file, parsers })).toEqual([
    ...[0, 1].map((place) => ({
      device_id: "büro 3",
      sensor_type: "temperature",
      timestamp: BigInt(startUs + place),
      value: place / 8,
      anomaly_score: 0.25,
      is_anomaly: place === 1,
      model_version: "m",
    })),
    expect.objectContaining({ device_id: "b", value: 0 }),
  ]);
});

test("a long file comes in pieces, a row group each, and keeps its order", async () => {
  const { file, pieces } = await fileOf(run("a", 30_000), run("b", 15_000));
  expect(pieces).toBe(3);
  const { row_groups: groups } = parquetMetadata(file);
  expect(groups.map(({ num_rows: rows }) => Number(rows))).toEqual([20_000, 20_000, 5000]);
  const rows = await parquetReadObjects({ file, parsers });
  expect(rows).toHaveLength(45_000);
  expect(rows[29_999]).toMatchObject({ device_id: "a", timestamp: BigInt(startUs + 29_999) });
  expect(rows[44_999]).toMatchObject({
    device_id: "b",
    timestamp: BigInt(startUs + 14_999),
    value: 14_999 / 8,
  });
});

test("of no readings there is a file too", async () => {
  expect(await parquetReadObjects({ ...(await fileOf()) })).toEqual([]);
});
