import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate, type Packet } from "mqtt-packet";
import type { SharedClock } from "./shared-clock.ts";

/** An open loop: what is sent when is settled beforehand, however the platform fares. */
export interface Schedule {
  /** When the first message is due, microseconds of the shared clock. */
  readonly startUs: number;
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** Every so many messages one holds an impossible temperature. */
  readonly anomalyEvery: number;
}

/** By message of the schedule, microseconds from the moment it was due. */
export interface LoadLatencies {
  /** How late the sender itself was; much of it says that the machine is short of processors. */
  readonly sentUs: Float64Array;
  readonly pubackUs: Float64Array;
}

export interface PacedLoadOptions {
  readonly port: number;
  readonly deviceIds: readonly string[];
  /** The first so many of temperature, humidity, pressure and vibration are in every message. */
  readonly readingsPerMessage: number;
  readonly now: SharedClock;
}

// Timers are whole milliseconds; what became due in between goes in one burst, and counts as late from its own due time.
const tickMs = 1;
const pubackType = 0x40;
const pubackBytes = 4;

/** Devices that publish by a schedule, one QoS 1 message each in turn, stamped with the moment it is due. */
export class PacedLoad {
  readonly #options: PacedLoadOptions;
  readonly #devices: readonly Device[];

  private constructor(options: PacedLoadOptions, devices: readonly Device[]) {
    this.#options = options;
    this.#devices = devices;
  }

  static async open(options: PacedLoadOptions): Promise<PacedLoad> {
    const opening = options.deviceIds.map((deviceId) => Device.open(options.port, deviceId));
    return new PacedLoad(options, await Promise.all(opening));
  }

  /** Sends the schedule and waits for every PUBACK. */
  run(schedule: Schedule): Promise<LoadLatencies> {
    const { now, readingsPerMessage } = this.#options;
    const sentUs = new Float64Array(schedule.messages);
    const pubackUs = new Float64Array(schedule.messages);
    let next = 0;
    let acknowledged = 0;
    return new Promise((resolve, reject) => {
      const onPuback = (index: number): void => {
        pubackUs[index] = now() - dueUs(schedule, index);
        acknowledged += 1;
        if (acknowledged === schedule.messages) resolve({ sentUs, pubackUs });
      };
      for (const device of this.#devices) device.listen(onPuback, reject);
      const tick = (): void => {
        const nowUs = now();
        for (; next < schedule.messages && dueUs(schedule, next) <= nowUs; next += 1) {
          const payload = payloadOf(schedule, next, readingsPerMessage);
          sentUs[next] = nowUs - dueUs(schedule, next);
          this.#devices[next % this.#devices.length]?.publish(next, payload);
        }
        if (next < schedule.messages) setTimeout(tick, tickMs);
      };
      tick();
    });
  }
}

/** Messages are evenly spaced, and devices take turns, so the timestamps of a device never meet. */
function dueUs({ startUs, messagesPerSecond }: Schedule, index: number): number {
  return startUs + Math.round((index * 1e6) / messagesPerSecond);
}

class Device {
  readonly #socket: Socket;
  readonly #topic: string;
  /** The place in the schedule of what is under way, by packet id. */
  readonly #underWay = new Map<number, number>();
  #packetId = 0;
  #unread: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, deviceId: string) {
    this.#socket = socket;
    this.#topic = `devices/${deviceId}/telemetry`;
  }

  static async open(port: number, deviceId: string): Promise<Device> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const session = { protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 0 } as const;
    socket.write(bytesOf({ cmd: "connect", clientId: deviceId, ...session }));
    await once(socket, "data");
    return new Device(socket, deviceId);
  }

  listen(onPuback: (index: number) => void, onLost: (error: Error) => void): void {
    this.#socket.once("error", onLost);
    this.#socket.once("close", () => onLost(new Error("the broker closed the connection")));
    this.#socket.on("data", (chunk: Buffer) => {
      const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
      const whole = bytes.length - (bytes.length % pubackBytes);
      for (let at = 0; at < whole; at += pubackBytes) {
        if (bytes[at] !== pubackType) onLost(new Error(`expected a PUBACK, got type ${bytes[at]}`));
        const packetId = bytes.readUInt16BE(at + 2);
        const index = this.#underWay.get(packetId);
        if (index === undefined) onLost(new Error(`nobody awaits the PUBACK of packet ${packetId}`));
        else onPuback(index);
        this.#underWay.delete(packetId);
      }
      this.#unread = bytes.subarray(whole);
    });
  }

  publish(index: number, payload: string): void {
    this.#packetId = (this.#packetId % 65_535) + 1;
    this.#underWay.set(this.#packetId, index);
    const message = { cmd: "publish", qos: 1, dup: false, retain: false } as const;
    this.#socket.write(bytesOf({ ...message, topic: this.#topic, payload, messageId: this.#packetId }));
  }
}

function bytesOf(packet: Packet): Buffer {
  return generate(packet);
}

function payloadOf(schedule: Schedule, index: number, readings: number): string {
  const isAnomaly = index % schedule.anomalyEvery === schedule.anomalyEvery - 1;
  const values: readonly (readonly [string, number])[] = [
    // No temperature can be 9999: it is an anomaly whatever came before, and teaches the series nothing.
    ["temperature", isAnomaly ? 9999 : 22.5 + jitter(index)],
    ["humidity", 50 + jitter(index + 1)],
    ["pressure", 1010 + jitter(index + 2)],
    ["vibration", 2 + jitter(index + 3) / 2],
  ];
  return JSON.stringify({
    timestamp: dueUs(schedule, index),
    ...Object.fromEntries(values.slice(0, readings)),
  });
}

/** A repeatable disturbance of ±0.2. */
function jitter(index: number): number {
  const hash = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return Math.round((hash / 2 ** 32 - 0.5) * 40) / 100;
}
