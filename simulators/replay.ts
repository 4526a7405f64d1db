import { setTimeout as sleep } from "node:timers/promises";
import type { Reading } from "../schema/reading.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { DeviceLink } from "./device-link.ts";
import { seedOf } from "./dice.ts";
import { legacyBody, type Message, type Snapshot } from "./factory.ts";

export interface ReplayOptions {
  readonly mqttUrl: string;
  /** Sent in this order, with their own timestamps: the same readings give the same messages, run after run. */
  readonly readings: readonly Reading[];
  /** How much faster than recorded; 0 is as fast as the broker acknowledges. */
  readonly speed: number;
  /** Most messages on the way at a time, per device. */
  readonly inFlight?: number;
}

export interface ReplayCounts {
  /** Readings in the recording. */
  readonly readings: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** Sent again after a lost connection; the platform keeps such a reading once. */
  readonly resent: number;
  /** Why a device has no connection; undefined while all have one. */
  readonly trouble: string | undefined;
}

export interface Replay {
  /** Resolves when every reading is acknowledged, or after `stop`; `acknowledged` tells which. */
  readonly finished: Promise<ReplayCounts>;
  stop(): Promise<void>;
  counts(): ReplayCounts;
}

interface TimedMessage {
  readonly deviceId: string;
  readonly timestampUs: number;
  readonly message: Message;
}

/** Starts to say a recording over MQTT with QoS 1, each device over a connection of its own. */
export function startReplay({ mqttUrl, readings, speed, inFlight = 64 }: ReplayOptions): Replay {
  const messages = toMessages(readings);
  const links = new Map<string, DeviceLink>();
  const quit = new AbortController();

  function linkOf(deviceId: string): DeviceLink {
    const known = links.get(deviceId);
    if (known !== undefined) return known;
    const link = new DeviceLink({
      mqttUrl,
      clientId: deviceId,
      qos: 1,
      inFlight,
      bufferLimit: 2 * inFlight,
      seed: seedOf(0, deviceId),
    });
    links.set(deviceId, link);
    return link;
  }

  async function run(): Promise<ReplayCounts> {
    const startedMs = performance.now();
    const firstUs = messages[0]?.timestampUs ?? 0;
    for (const { deviceId, timestampUs, message } of messages) {
      if (speed > 0) {
        const dueMs = startedMs + (timestampUs - firstUs) / 1e3 / speed;
        await patience(dueMs - performance.now(), quit.signal);
      }
      if (quit.signal.aborted || !(await linkOf(deviceId).room())) break;
      linkOf(deviceId).offer(message);
    }
    if (!quit.signal.aborted) await Promise.all([...links.values()].map((link) => link.drained()));
    const final = counts();
    await Promise.all([...links.values()].map((link) => link.close()));
    return final;
  }

  function counts(): ReplayCounts {
    const total = { readings: readings.length, sent: 0, acknowledged: 0, resent: 0 };
    for (const link of links.values()) {
      const { sent, acknowledged, resent } = link.counts();
      total.sent += sent;
      total.acknowledged += acknowledged;
      total.resent += resent;
    }
    const trouble = [...links.values()].map((link) => link.trouble()).find((text) => text !== undefined);
    return { ...total, trouble };
  }

  const finished = run();
  return {
    finished,
    counts,
    async stop() {
      quit.abort();
      await Promise.all([...links.values()].map((link) => link.drained(1_000)));
      await Promise.all([...links.values()].map((link) => link.close()));
      await finished;
    },
  };
}

async function patience(waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs <= 0) return;
  try {
    await sleep(waitMs, undefined, { signal });
  } catch (error) {
    // Being told to stop is no fault; the caller looks at the signal.
    if (!signal.aborted) throw error;
  }
}

/**
 * A message for each instant of each device, in the order of the recording. Neighbouring readings of one device and
 * instant travel together, unless a sensor would speak twice: the platform refuses a metric that is there twice.
 */
export function toMessages(readings: readonly Reading[]): TimedMessage[] {
  const groups: { deviceId: string; timestampUs: number; values: { sensorType: string; value: number }[] }[] =
    [];
  for (const { deviceId, timestampUs, sensorType, value } of readings) {
    const open = groups.at(-1);
    const joins =
      open?.deviceId === deviceId &&
      open.timestampUs === timestampUs &&
      !open.values.some((known) => known.sensorType === sensorType);
    if (open !== undefined && joins) open.values.push({ sensorType, value });
    else groups.push({ deviceId, timestampUs, values: [{ sensorType, value }] });
  }
  return groups.map(({ deviceId, ...snapshot }) => ({
    deviceId,
    timestampUs: snapshot.timestampUs,
    message: toMessage(deviceId, snapshot),
  }));
}

function toMessage(deviceId: string, snapshot: Snapshot): Message {
  return {
    topic: telemetryTopic(deviceId),
    payload: JSON.stringify(legacyBody(deviceId, snapshot)),
    readings: snapshot.values.length,
  };
}
