import type { AedesPublishPacket, Client } from "aedes";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { covers } from "../schema/access.ts";

type QoS = AedesPublishPacket["qos"];

/** What was granted to a client, by filter. */
export type Granted = Readonly<Record<string, { readonly qos: QoS }>>;

export interface DeliveriesOptions {
  readonly log: Log;
  readonly metrics: Pick<Metrics, "deliveriesDropped">;
}

/** What may lie unsent for a subscriber before it misses messages of QoS 0. */
const quietBytes = 2 * 1024 * 1024;
/** What may lie there before it is closed rather than sent more of QoS 1 or 2. A kept session keeps those. */
const mostBytes = 8 * 1024 * 1024;

/**
 * Decides on every message on its way to a subscriber. Aedes sends with more than the granted QoS where a filter has a wildcard
 * (MQTT-3.8.4-6), and lets the messages for one that does not read grow in memory until `drainTimeout`.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** Those of whom it was logged that they miss messages. */
  readonly #late = new WeakSet<Client>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** The message as this client is to have it, or null when it is to miss it. */
  forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (packet.qos > 0) {
      // Aedes has them, and leaves them out of its types.
      const { subscriptions } = client as Client & { readonly subscriptions: Granted };
      packet.qos = deliveredQos(subscriptions, packet);
    }
    const unsentBytes = client.conn.writableLength;
    // What is retained comes one by one, each when the one before has gone.
    if (unsentBytes <= quietBytes || packet.retain || client.conn.destroyed) return packet;
    const { log, metrics } = this.#options;
    if (packet.qos === 0) {
      metrics.deliveriesDropped.inc();
      if (!this.#late.has(client))
        log.info({ client: client.id, unsentBytes }, "subscriber reads too slowly");
      this.#late.add(client);
      return null;
    }
    if (unsentBytes > mostBytes) {
      log.info({ client: client.id, unsentBytes }, "subscriber does not read, closed");
      client.conn.destroy(new Error("subscriber does not read"));
    }
    return packet;
  }
}

/** With which QoS a message goes to a client: that of the message, but no more than the most that its filters were granted. */
export function deliveredQos(
  granted: Granted,
  { topic, qos, messageId }: Pick<AedesPublishPacket, "topic" | "qos" | "messageId">,
): QoS {
  if ((granted[topic]?.qos ?? 0) >= qos) return qos;
  // What has an id was queued, and only an acknowledgement takes it off the queue.
  const least = messageId === undefined ? 0 : 1;
  let most: QoS | undefined;
  for (const [filter, subscription] of Object.entries(granted)) {
    if (subscription.qos <= (most ?? -1) || !covers(filter, topic)) continue;
    most = subscription.qos;
    if (most >= qos) return qos;
  }
  // Subscribed to no longer: it is as it was queued.
  if (most === undefined) return qos;
  return most > least ? most : least;
}
