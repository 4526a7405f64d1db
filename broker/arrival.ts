import { hash, randomUUID } from "node:crypto";
import type { Clock } from "../platform/ports.ts";

/** A publish as far as its identity goes. */
export interface Delivery {
  readonly clientId: string;
  readonly packetId: number | undefined;
  readonly isRepeated: boolean;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** When a refused message arrived first, and under which id it is kept. */
export interface Identity {
  readonly id: string;
  readonly receivedUs: number;
}

interface First {
  readonly digest: string;
  /** The times given were consecutive microseconds from here. */
  readonly firstUs: number;
  /** 0 of a message that was refused, which has an id and one time of its own. */
  readonly count: number;
  readonly id?: string;
}

const rememberedDeliveries = 65_536;
const rememberedDevices = 100_000;
/** Longer ones, which nothing is stored from, are not remembered as they are. */
const longTopic = 256;
/** After so long a packet id is more likely used again than still under way. */
const repeatWithinUs = 600e6;
/** A time given that lies further ahead is of a clock that was put back since. */
const clockStepUs = 60e6;

/**
 * Gives arrival times to readings that have none of their own. Within a device they are unique, since (device, sensor, time) is
 * the key of a reading; a delivery repeated with the DUP flag within ten minutes gets the times of its first arrival, so that it is
 * recognised as the same readings, and a refused one is kept once. Remembers the last 65 536 such deliveries of this broker.
 */
export class Arrivals {
  readonly #now: Clock;
  readonly #lastOfDevice = new Map<string, number>();
  readonly #first = new Map<string, First>();

  constructor(now: Clock) {
    this.#now = now;
  }

  /** The first of `count` consecutive microseconds for the samples of one delivery to one device, one at least. */
  timesOf(delivery: Delivery, deviceId: string, count: number): number {
    return this.#arrivalOf(delivery, deviceId, count).firstUs;
  }

  /** What a refused delivery is kept as: the same again for a repeat. */
  identityOf(delivery: Delivery, deviceId: string): Identity {
    const { id = randomUUID(), firstUs } = this.#arrivalOf(delivery, deviceId, 0);
    return { id, receivedUs: firstUs };
  }

  #arrivalOf(
    { clientId, packetId, isRepeated, topic, payload }: Delivery,
    deviceId: string,
    count: number,
  ): Pick<First, "firstUs" | "id"> {
    if (packetId === undefined) return { firstUs: this.#fresh(deviceId, count) };
    const key = `${clientId}\n${packetId}`;
    const digest = `${hash("sha1", payload, "base64")}${topic.length > longTopic ? hash("sha1", topic, "base64") : topic}`;
    const known = this.#first.get(key);
    const isSame = isRepeated && known?.digest === digest && known.count === count;
    if (isSame && known.firstUs > this.#now() - repeatWithinUs) return known;
    const firstUs = this.#fresh(deviceId, count);
    const first = { digest, firstUs, count, ...(count === 0 ? { id: randomUUID() } : {}) };
    this.#first.delete(key);
    this.#first.set(key, first);
    forgetOldest(this.#first, rememberedDeliveries);
    return first;
  }

  #fresh(deviceId: string, count: number): number {
    const nowUs = this.#now();
    const last = this.#lastOfDevice.get(deviceId) ?? 0;
    const firstUs = last > nowUs + clockStepUs ? nowUs : Math.max(nowUs, last + 1);
    this.#lastOfDevice.delete(deviceId);
    this.#lastOfDevice.set(deviceId, firstUs + Math.max(1, count) - 1);
    forgetOldest(this.#lastOfDevice, rememberedDevices);
    return firstUs;
  }
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
