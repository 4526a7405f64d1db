import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { PlatformError } from "../../platform/errors.ts";
import type { FrameContent, ReadingStream, ShardReader, StreamEntry } from "../../platform/ports.ts";
import type { Batch } from "../../platform/readings/shard-batch.ts";
import { openLog } from "../../platform/telemetry.ts";
import type { Rejection } from "../../schema/rejection.ts";
import type { ScoredReading } from "../../schema/scored.ts";

export const silent = openLog({ level: "silent", format: "json" });

/** 2026-01-01T00:00:00.123456Z: its last three digits are lost by whoever goes through `Date`. */
export const startUs = Date.UTC(2026, 0, 1) * 1000 + 123_456;

export const nowUs = (): number => Date.now() * 1000;

export function scored(over: Partial<ScoredReading> = {}): ScoredReading {
  return {
    deviceId: "press-01",
    sensorType: "temperature",
    timestampUs: startUs,
    value: 21.5,
    score: 0.25,
    isAnomaly: false,
    confidence: 0.5,
    modelVersion: "temperature@factory-2",
    isLate: false,
    explanation: null,
    ...over,
  };
}

/** Readings of one series, a second apart; their values are their places. */
export function series(deviceId: string, count: number, over: Partial<ScoredReading> = {}): ScoredReading[] {
  return Array.from({ length: count }, (_, place) =>
    scored({ deviceId, timestampUs: startUs + place * 1_000_000, value: place, ...over }),
  );
}

export function anomalous(over: Partial<ScoredReading> = {}): ScoredReading {
  const explanation = {
    sentence: "Temperature 41.25 °C; 19.5 to 24.5 is usual here.",
    expected: { low: 19.5, high: 24.5 },
  };
  return scored({ value: 41.25, score: 0.75, isAnomaly: true, confidence: 0.875, explanation, ...over });
}

export function rejection(over: Partial<Rejection> = {}): Rejection {
  return {
    id: randomUUID(),
    code: "PAYLOAD_NOT_JSON",
    reason: "the payload is not JSON: “büro” ends at 4",
    deviceId: "büro 3",
    source: "devices/büro 3/telemetry",
    payload: '{"ä": 😀',
    payloadBytes: 11,
    receivedUs: startUs,
    ...over,
  };
}

export function batch(over: Partial<Batch> = {}): Batch {
  return {
    readings: [],
    rejections: [],
    receivedUs: nowUs(),
    positions: {},
    anchors: [],
    bands: [],
    steps: { strikes: [], ends: [], begins: [] },
    heard: new Map(),
    toRefused: ({ value }, reason) => rejection({ code: "STORE_REFUSED", reason, payload: String(value) }),
    ...over,
  };
}

/** A frame of one reading whose value tells it from the others. */
export function frame(value: number): FrameContent {
  const { deviceId, sensorType, timestampUs } = scored();
  return { receivedUs: startUs, readings: [{ deviceId, sensorType, timestampUs, value }], rejections: [] };
}

/** What tells the frames of these entries from one another; null for an entry that is no frame. */
export function valuesOf(entries: readonly StreamEntry[]): (number | null)[] {
  return entries.map((entry) => entry.frame?.readings[0]?.value ?? null);
}

/** Entries that are not acknowledged, by shard. */
export async function lagOf(stream: ReadingStream): Promise<number[]> {
  return (await stream.tallies()).map(({ entries }) => entries);
}

/** Tries again what failed because the world is away, as brokers and processors do. */
export async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof PlatformError && error.retryable) || attempts === 100) throw error;
      await pause(100);
    }
  }
}

/** Takes entries until there are as many, over interruptions of the stream. */
export async function take(reader: ShardReader, count: number): Promise<StreamEntry[]> {
  const taken: StreamEntry[] = [];
  const deadline = performance.now() + 20_000;
  while (taken.length < count) {
    if (performance.now() > deadline) throw new Error(`got ${taken.length} of ${count} entries`);
    taken.push(...(await retrying(() => reader.next(count - taken.length, 200))));
  }
  return taken;
}

/**
 * Hands frames of these values over, in order. Nobody waits for it: memory ends an append with the acknowledgement, and a test
 * that acknowledges nothing closes the stream under it.
 */
export function handOver(stream: ReadingStream, shard: number, values: readonly number[]): void {
  for (const value of values) stream.append(shard, frame(value)).catch(() => undefined);
}
