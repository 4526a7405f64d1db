import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";
import { momentOf } from "./moment.ts";

/** `GET /api/v1/export.csv` and `.parquet`: the readings from `from` on and before `to`, by device, sensor and time. */
export const ExportQuestion = Type.Object({
  device: Type.Optional(Type.Array(DeviceIdText, { minItems: 1, maxItems: 200 })),
  sensors: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2000,
      pattern: "^[^\\u0000]*$",
      description: "Sensor types with commas between them; left out, all.",
    }),
  ),
  from: momentOf("All there is"),
  to: momentOf("Now"),
});
export type ExportQuestion = Readonly<Static<typeof ExportQuestion>>;

/** A reading as it is written into a file, beside the series it is of. */
export interface ExportedPoint {
  readonly timestampUs: number;
  readonly value: number;
  readonly score: number;
  readonly isAnomaly: boolean;
  readonly modelVersion: string;
}

/** Readings of one series that follow each other in time. */
export interface ExportedRun {
  readonly deviceId: string;
  readonly sensorType: string;
  readonly points: readonly ExportedPoint[];
}

export const exportColumns = [
  "device_id",
  "sensor_type",
  "timestamp",
  "value",
  "anomaly_score",
  "is_anomaly",
  "model_version",
] as const;

/** The first line of a CSV file. */
export const csvHead = `${exportColumns.join(",")}\n`;

/** RFC 4180: quoted where it must be. A name that a spreadsheet would take for a formula is told that it is text. */
export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
