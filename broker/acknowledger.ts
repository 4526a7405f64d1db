import type { Client, PublishPacket, Subscription } from "aedes";
import { canHearTelemetry, isTelemetryTopic } from "../schema/topics.ts";

const pubackType = 0x40;
const pubackBytes = 4;

/**
 * Acknowledges telemetry in the place of Aedes: all of one turn of the loop in one write a connection, where Aedes writes three
 * pieces a message, and as QoS 0 from there on, which spares the search for kept sessions. That is 3 of 13 µs a message. Nobody
 * can tell, since only what no subscriber with QoS 1 or 2 can hear is taken; the rest is left to Aedes.
 */
export class Acknowledger {
  readonly #unwritten = new Map<Client, number[]>();
  readonly #listeners = new Set<Client>();
  /** Somebody subscribed in a session that outlives its connection; Aedes does not tell when it ends. */
  #hasKeptListener = false;

  /** Hears of every subscription before it takes effect. */
  onSubscribe(client: Client, { topic, qos }: Subscription): void {
    if (qos === 0 || !canHearTelemetry(topic)) return;
    if (client.clean) this.#listeners.add(client);
    else this.#hasKeptListener = true;
  }

  onDisconnect(client: Client): void {
    this.#listeners.delete(client);
  }

  /** To be called when a publish is safe: acknowledges it, and tells Aedes so by its QoS, or leaves it as it is. */
  acknowledge(client: Client | null, packet: PublishPacket): void {
    if (packet.qos !== 1 || packet.retain || packet.messageId === undefined) return;
    if (this.#hasKeptListener || this.#listeners.size > 0 || !isTelemetryTopic(packet.topic)) return;
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
