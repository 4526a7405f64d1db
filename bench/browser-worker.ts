import { parentPort, workerData } from "node:worker_threads";
import { io, type Socket } from "socket.io-client";
import type { BrowserEvents, ServerEvents } from "../schema/event.ts";
import { sharedClock } from "./shared-clock.ts";

/** What a console does before it draws, in a thread of its own: it watches devices and notes when their points come. */
export interface BrowserOrder {
  readonly url: string;
  readonly deviceIds: readonly string[];
  readonly offsetUs: number;
}

/** What came of the readings stamped from this moment on. */
export interface BrowserQuestion {
  readonly fromUs: number;
}

/** Latencies in microseconds, each from the timestamp of its reading. */
export interface BrowserAnswer {
  readonly pointsUs: Float64Array;
  readonly anomaliesUs: Float64Array;
}

interface Arrival {
  readonly timestampUs: number;
  readonly latencyUs: number;
}

// Only the benchmark starts this file.
const { url, deviceIds, offsetUs } = workerData as BrowserOrder;
const now = sharedClock(offsetUs);
const points: Arrival[] = [];
const anomalies: Arrival[] = [];
const socket: Socket<ServerEvents, BrowserEvents> = io(url, { transports: ["websocket"] });
socket.on("readings", (batch) => {
  const atUs = now();
  for (const { readings } of batch) {
    for (const [, timestampUs] of readings) points.push({ timestampUs, latencyUs: atUs - timestampUs });
  }
});
socket.on("event", ({ event }) => {
  if (event.kind !== "anomaly") return;
  anomalies.push({ timestampUs: event.timestampUs, latencyUs: now() - event.timestampUs });
});
socket.emit("watch", deviceIds);
await socket.emitWithAck("resume", null);

parentPort?.on("message", ({ fromUs }: BrowserQuestion) => {
  const answer: BrowserAnswer = { pointsUs: from(points, fromUs), anomaliesUs: from(anomalies, fromUs) };
  parentPort?.postMessage(answer);
});

function from(arrivals: readonly Arrival[], fromUs: number): Float64Array {
  return Float64Array.from(
    arrivals.filter(({ timestampUs }) => timestampUs >= fromUs),
    ({ latencyUs }) => latencyUs,
  );
}
