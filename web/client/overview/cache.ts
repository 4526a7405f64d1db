import type { DeviceSummary } from "../../../schema/api.ts";
import type { AnomalyEvent } from "../../../schema/event.ts";
import type { Point } from "../charts/history.ts";
import { readStored, removeStored, writeStored } from "../shell/storage.ts";

/** The board as it was last seen, painted at once while the server is still being asked. */
export interface Snapshot {
  readonly savedMs: number;
  readonly devices: readonly DeviceSummary[];
  readonly anomalies: readonly AnomalyEvent[];
  readonly series: readonly StoredSeries[];
}

export interface StoredSeries {
  readonly deviceId: string;
  readonly sensorType: string;
  readonly points: readonly Point[];
}

const storageKey = "tidemark:board:1";
// Browsers count UTF-16: half a million characters are 1 MB of the 5 MB an origin usually gets.
const budgetCharacters = 500_000;
const keptPoints = 120;
const keptAnomalies = 100;
const oldestMs = 24 * 3600 * 1000;

/** The snapshot of an earlier visit, or undefined when there is none, it is too old, or it is not what we wrote. */
export function readSnapshot(nowMs: number): Snapshot | undefined {
  const text = readStored(storageKey);
  if (text === undefined) return undefined;
  const snapshot = parseSnapshot(text);
  if (snapshot === undefined) removeStored(storageKey);
  return snapshot !== undefined && nowMs - snapshot.savedMs < oldestMs ? snapshot : undefined;
}

export function writeSnapshot(snapshot: Snapshot): void {
  writeStored(storageKey, packSnapshot(snapshot, budgetCharacters));
}

/** Leaves nothing of what was seen to whoever comes next. */
export function forgetSnapshot(): void {
  removeStored(storageKey);
}

/** The snapshot as text within the budget: devices first, then as many series, in their order, as still fit. */
export function packSnapshot(snapshot: Snapshot, budget: number): string {
  const head = { ...snapshot, anomalies: snapshot.anomalies.slice(0, keptAnomalies), series: [] };
  let left = budget - JSON.stringify(head).length;
  if (left < 0) return "";
  const series: StoredSeries[] = [];
  for (const { deviceId, sensorType, points } of snapshot.series) {
    const kept = { deviceId, sensorType, points: points.slice(-keptPoints).map(roundScore) };
    left -= JSON.stringify(kept).length + 1;
    if (left < 0) break;
    series.push(kept);
  }
  return JSON.stringify({ ...head, series });
}

function roundScore([timestampUs, value, score, isAnomaly]: Point): Point {
  return [timestampUs, value, Math.round(score * 1000) / 1000, isAnomaly];
}

/** What a text holds when it is a snapshot of ours, whole and in this version. */
export function parseSnapshot(text: string): Snapshot | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isSnapshot(raw) ? raw : undefined;
}

function isSnapshot(raw: unknown): raw is Snapshot {
  return (
    isFields(raw) &&
    typeof raw["savedMs"] === "number" &&
    isListOf(raw["devices"], isDevice) &&
    isListOf(raw["anomalies"], isAnomaly) &&
    isListOf(raw["series"], isSeries)
  );
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(raw: unknown): raw is Fields {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

function isListOf(raw: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(raw) && raw.every(isItem);
}

function isDevice(raw: unknown): boolean {
  return (
    isFields(raw) &&
    typeof raw["id"] === "string" &&
    typeof raw["active"] === "boolean" &&
    typeof raw["lastSeenUs"] === "number" &&
    isListOf(raw["sensors"], isSensor)
  );
}

function isSensor(raw: unknown): boolean {
  return (
    isFields(raw) &&
    typeof raw["type"] === "string" &&
    typeof raw["timestampUs"] === "number" &&
    typeof raw["value"] === "number" &&
    typeof raw["score"] === "number"
  );
}

function isAnomaly(raw: unknown): boolean {
  return (
    isFields(raw) &&
    typeof raw["deviceId"] === "string" &&
    typeof raw["sensorType"] === "string" &&
    typeof raw["timestampUs"] === "number" &&
    typeof raw["value"] === "number" &&
    typeof raw["score"] === "number" &&
    typeof raw["confidence"] === "number" &&
    typeof raw["severity"] === "string" &&
    typeof raw["sentence"] === "string" &&
    isFields(raw["shares"])
  );
}

function isSeries(raw: unknown): boolean {
  return (
    isFields(raw) &&
    typeof raw["deviceId"] === "string" &&
    typeof raw["sensorType"] === "string" &&
    isListOf(raw["points"], isPoint)
  );
}

function isPoint(raw: unknown): boolean {
  return Array.isArray(raw) && raw.length === 4 && raw.every((part) => typeof part === "number");
}
