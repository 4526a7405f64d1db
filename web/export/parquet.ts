import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { ExportedPoint, ExportedRun } from "../../schema/export.ts";

/** Rows of a row group: what is held in memory at a time, and encoded without a break. */
const groupRows = 20_000;

interface Row extends ExportedPoint {
  readonly deviceId: string;
  readonly sensorType: string;
}

type Schema = ConstructorParameters<typeof ParquetWriter>[0]["schema"];

const text = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" } as const;

const schema: Schema = [
  { name: "root", num_children: 7 },
  { name: "device_id", ...text },
  { name: "sensor_type", ...text },
  { name: "timestamp", type: "INT64", converted_type: "TIMESTAMP_MICROS", repetition_type: "REQUIRED" },
  { name: "value", type: "DOUBLE", repetition_type: "REQUIRED" },
  { name: "anomaly_score", type: "FLOAT", repetition_type: "REQUIRED" },
  { name: "is_anomaly", type: "BOOLEAN", repetition_type: "REQUIRED" },
  { name: "model_version", ...text },
];

/** The bytes of a Parquet file of these runs, a row group at a time. */
export async function* toParquet(runs: AsyncIterable<ExportedRun>): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema });
  let rows: Row[] = [];
  for await (const { deviceId, sensorType, points } of runs) {
    for (const point of points) {
      rows.push({ deviceId, sensorType, ...point });
      if (rows.length < groupRows) continue;
      await writeGroup(parquet, rows);
      rows = [];
      yield taken(writer);
    }
  }
  if (rows.length > 0) await writeGroup(parquet, rows);
  await parquet.finish();
  yield taken(writer);
}

async function writeGroup(parquet: ParquetWriter, rows: readonly Row[]): Promise<void> {
  const column = (name: string, data: unknown[]) => ({ name, data, offsetIndex: false });
  await parquet.write({
    rowGroupSize: groupRows,
    columnData: [
      column(
        "device_id",
        rows.map((row) => row.deviceId),
      ),
      column(
        "sensor_type",
        rows.map((row) => row.sensorType),
      ),
      column(
        "timestamp",
        rows.map((row) => BigInt(row.timestampUs)),
      ),
      column(
        "value",
        rows.map((row) => row.value),
      ),
      column(
        "anomaly_score",
        rows.map((row) => row.score),
      ),
      column(
        "is_anomaly",
        rows.map((row) => row.isAnomaly),
      ),
      column(
        "model_version",
        rows.map((row) => row.modelVersion),
      ),
    ],
  });
}

/** What was written since the last time. Its place in the file goes on. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}
