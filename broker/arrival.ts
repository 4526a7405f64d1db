import { hash } from "node:crypto";
import type { Clock } from "../platform/ports.ts";

/** A publish as far as its identity goes. */
export interface Delivery {
  readonly clientId: string;
  readonly packetId: number | undefined;
  readonly isRepeated: boolean;
  readonly payload: Uint8Array;
}

interface First {
  readonly digest: string;
  /** The times given were consecutive microseconds from here. */
  readonly firstUs: number;
  readonly count: number;
}

const rememberedDeliveries = 65_536;
const rememberedDevices = 100_000;

/**
 * Gives arrival times to readings that have none of their own. Within a device they are unique, since (device, sensor, time) is
 * the key of a reading; a delivery repeated with the DUP flag gets the times of its first arrival, so that it is recognised as
 * the same readings. Remembers the last 65 536 such deliveries of this broker.
 */
export class Arrivals {
  readonly #now: Clock;
  readonly #lastOfDevice = new Map<string, number>();
  readonly #first = new Map<string, First>();

  constructor(now: Clock) {
    this.#now = now;
  }

  /** The first of `count` consecutive microseconds for the samples of one delivery to one device. */
  timesOf(delivery: Delivery, deviceId: string, count: number): number {
    if (delivery.packetId === undefined) return this.#fresh(deviceId, count);
    const key = `${delivery.clientId}\n${delivery.packetId}`;
    const digest = hash("sha1", delivery.payload, "base64");
    const first = this.#first.get(key);
    if (delivery.isRepeated && first?.digest === digest && first.count === count) return first.firstUs;
    const firstUs = this.#fresh(deviceId, count);
    this.#first.delete(key);
    this.#first.set(key, { digest, firstUs, count });
    forgetOldest(this.#first, rememberedDeliveries);
    return firstUs;
  }

  #fresh(deviceId: string, count: number): number {
    const last = this.#lastOfDevice.get(deviceId) ?? 0;
    const firstUs = Math.max(this.#now(), last + 1);
    this.#lastOfDevice.delete(deviceId);
    this.#lastOfDevice.set(deviceId, firstUs + count - 1);
    forgetOldest(this.#lastOfDevice, rememberedDevices);
    return firstUs;
  }
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
