import type { Client, PublishPacket } from "aedes";
import { isTelemetryTopic } from "../schema/topics.ts";
import type { Ears } from "./ears.ts";

const pubackType = 0x40;
const pubackBytes = 4;

/**
 * Acknowledges telemetry in the place of Aedes: all of one turn of the loop in one write a connection, where Aedes writes three
 * pieces a message, and as QoS 0 from there on, which spares the search for kept sessions. That is 3 of 13 µs a message. Nobody
 * can tell, since only what no subscriber with QoS 1 or 2 can hear, on whichever broker, is taken; the rest is left to Aedes.
 */
export class Acknowledger {
  readonly #unwritten = new Map<Client, number[]>();
  readonly #ears: Ears;

  constructor(ears: Ears) {
    this.#ears = ears;
  }

  /** To be called when a publish is safe: acknowledges it, and tells Aedes so by its QoS, or leaves it as it is. */
  acknowledge(client: Client | null, packet: PublishPacket): void {
    if (packet.qos !== 1 || packet.retain || packet.messageId === undefined) return;
    if (!isTelemetryTopic(packet.topic) || this.#ears.needQos(packet.topic)) return;
    // Aedes knows what to do with a client that is gone, and with one that does not read its acknowledgements.
    if (client === null || client.closed || !client.conn.writable || client.conn.writableNeedDrain) return;
    if (this.#unwritten.size === 0) process.nextTick(() => this.#write());
    const messageIds = this.#unwritten.get(client);
    if (messageIds === undefined) this.#unwritten.set(client, [packet.messageId]);
    else messageIds.push(packet.messageId);
    packet.qos = 0;
  }

  #write(): void {
    for (const [{ conn }, messageIds] of this.#unwritten) {
      const bytes = Buffer.allocUnsafe(messageIds.length * pubackBytes);
      for (const [index, messageId] of messageIds.entries()) {
        bytes.writeUInt16BE((pubackType << 8) | (pubackBytes - 2), index * pubackBytes);
        bytes.writeUInt16BE(messageId, index * pubackBytes + 2);
      }
      if (conn.writable) conn.write(bytes);
    }
    this.#unwritten.clear();
  }
}
