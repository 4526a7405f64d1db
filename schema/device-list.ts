import { type Labels, objectionToDeviceId, objectionToPassword, parseLabels } from "./provisioning.ts";

/** A device as a list asks for it; without a password it gets one. */
export interface ListedDevice {
  readonly line: number;
  readonly deviceId: string;
  readonly password: string | undefined;
  readonly labels: Labels;
}

/** What is wrong with a line of a list, counted from 1. */
export interface ListFault {
  readonly line: number;
  readonly reason: string;
}

const columns = ["device_id", "password", "labels"] as const;

/**
 * Reads a list of devices: CSV (RFC 4180) with a header of `device_id` and, if there are any, `password` and `labels`. Every fault is
 * told, and with one of them there are no devices.
 */
export function parseDeviceList(
  text: string,
): { readonly devices: readonly ListedDevice[] } | { readonly faults: readonly ListFault[] } {
  const records = parseCsv(text.replace(/^\uFEFF/, ""));
  if ("faults" in records) return records;
  const [header, ...rows] = records.rows;
  const names = header?.cells.map((name) => name.trim().toLowerCase()) ?? [];
  if (!isHeader(names)) {
    const reason =
      "the first line must name the columns: device_id and, if there are any, password and labels";
    return { faults: [{ line: 1, reason }] };
  }
  const lineOf = new Map<string, number>();
  const faults: ListFault[] = [];
  const devices: ListedDevice[] = [];
  for (const row of rows) {
    const { device, reasons } = readRow(row, names);
    const earlier = lineOf.get(device.deviceId);
    if (earlier !== undefined) reasons.push(`the device is on line ${earlier} already`);
    lineOf.set(device.deviceId, row.line);
    devices.push(device);
    faults.push(...reasons.map((reason) => ({ line: row.line, reason })));
  }
  return faults.length > 0 ? { faults } : { devices };
}

function isHeader(names: readonly string[]): boolean {
  const isKnown = names.every((name) => columns.some((column) => column === name));
  return isKnown && names.includes("device_id") && new Set(names).size === names.length;
}

function readRow(
  { line, cells }: Row,
  names: readonly string[],
): { device: ListedDevice; reasons: string[] } {
  const [deviceId = "", password = "", labelText = ""] = columns.map(
    (column) => cells[names.indexOf(column)],
  );
  const read = parseLabels(labelText);
  const reasons = [
    cells.length > names.length
      ? `it has ${cells.length} columns, and the first line ${names.length}`
      : undefined,
    objectionToDeviceId(deviceId),
    password === "" ? undefined : objectionToPassword(password),
    "objection" in read ? read.objection : undefined,
  ].filter((reason) => reason !== undefined);
  const labels = "labels" in read ? read.labels : {};
  return { device: { line, deviceId, password: password === "" ? undefined : password, labels }, reasons };
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of a CSV text with the line each begins on; empty lines are left out. */
function parseCsv(text: string): { rows: readonly Row[] } | { faults: readonly ListFault[] } {
  // One cell and what ends it: quoted, with doubled quotes inside, or up to the next comma or line end.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  const rows: Row[] = [];
  let line = 1;
  let began = 1;
  let cells: string[] = [];
  while (cell.lastIndex < text.length || cells.length > 0) {
    const match = cell.exec(text);
    if (match === null)
      return { faults: [{ line, reason: "a quote stands where none may, or is not closed" }] };
    const [whole, quoted, plain = "", end] = match;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += (whole.match(/\r\n|\n|\r/g) ?? []).length;
    if (end === ",") continue;
    if (cells.length > 1 || cells[0] !== "") rows.push({ line: began, cells });
    began = line;
    cells = [];
  }
  return { rows };
}

/** Writes rows as CSV. */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  const cellOf = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(cellOf).join(",")}\n`).join("");
}
