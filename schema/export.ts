import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";

const moment = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 40, description }));

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
  from: moment(
    "ISO 8601, in UTC unless it names a zone; or microseconds since the epoch. Left out: all there is.",
  ),
  to: moment("Likewise. Left out: now."),
});
export type ExportQuestion = Readonly<Static<typeof ExportQuestion>>;

/** A moment in a question, as microseconds since the epoch; undefined when it is none. */
export function momentIn(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return parseTimestamp(text);
  const us = Number(text);
  // Beyond it PostgreSQL's microseconds are none of JavaScript's.
  return Number.isSafeInteger(us) ? us : undefined;
}

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

/** The lines of a run. */
export function csvLines({ deviceId, sensorType, points }: ExportedRun): string {
  const series = `${csvField(deviceId)},${csvField(sensorType)},`;
  let lines = "";
  for (const { timestampUs, value, score, isAnomaly, modelVersion } of points)
    lines += `${series}${formatTimestamp(timestampUs)},${value},${score},${isAnomaly},${csvField(modelVersion)}\n`;
  return lines;
}

/** RFC 4180: quoted where it must be. A name that a spreadsheet would take for a formula is told that it is text. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
