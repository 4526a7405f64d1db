import { Readable } from "node:stream";
import type { Client, PublishPacket, Subscription } from "aedes";
import type { KeptSubscription, SharedSessions } from "../../platform/broker-commons.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Log } from "../../platform/telemetry.ts";
import type { Ears } from "../ears.ts";
import type { KeptPacket, Persistence, Removable, SessionOwner } from "../persistence.ts";
import { inPortions } from "../portions.ts";
import { FilterTree } from "./filter-tree.ts";
import type { HeldClients } from "./held-clients.ts";
import { decodeMessage, encodeMessage } from "./message-bytes.ts";
import type { OutgoingPacket, SessionQueues } from "./session-queues.ts";
import type { SharedEmitter } from "./shared-emitter.ts";

export interface SharedPersistenceOptions {
  readonly sessions: SharedSessions;
  readonly queues: SessionQueues;
  readonly emitter: SharedEmitter;
  readonly held: HeldClients;
  readonly ears: Ears;
  readonly log: Log;
}

/** What Aedes knows a client by when it is gone already. */
type ClientName = Pick<Client, "id">;
interface Receiver {
  readonly clientId: string;
  readonly qos?: 1 | 2;
}
type StoredPacket = PublishPacket & {
  readonly brokerId: string;
  readonly brokerCounter: number;
  readonly clientId?: string;
};

/**
 * Where Aedes keeps sessions and retained messages: in common with other brokers. A client with a clean session, which most
 * devices are, costs no question to Redis: what it needs ends with its connection and is kept here. The methods are those that
 * Aedes calls.
 */
export class SharedPersistence implements Persistence {
  readonly #options: SharedPersistenceOptions;
  readonly #tree = new FilterTree();
  /** Packet ids of QoS 2 messages from clients with clean sessions. */
  readonly #received = new Map<string, Set<number>>();

  constructor(options: SharedPersistenceOptions) {
    this.#options = options;
  }

  async setup(): Promise<void> {
    const learn = (clientId: string, subscriptions: readonly KeptSubscription[]): void => {
      this.#tree.set(clientId, subscriptions);
      this.#options.ears.keep(clientId, subscriptions);
    };
    await this.#options.sessions.follow({
      onAll: (sessions) => {
        for (const clientId of this.#tree.clientIds) if (!sessions.has(clientId)) learn(clientId, []);
        for (const [clientId, subscriptions] of sessions) learn(clientId, subscriptions);
      },
      onChange: learn,
    });
  }

  async addSubscriptions(client: SessionOwner, subscriptions: readonly Subscription[]): Promise<void> {
    const kept = subscriptions.map(({ topic: filter, qos }) => ({ filter, qos }));
    await this.#options.sessions.subscribe(client.id, kept);
  }

  async removeSubscriptions(client: ClientName, filters: readonly string[]): Promise<void> {
    await this.#options.sessions.unsubscribe(client.id, filters);
  }

  async subscriptionsByClient(client: ClientName): Promise<Subscription[]> {
    const subscriptions = await this.#options.sessions.subscriptionsOf(client.id);
    return subscriptions.map(({ filter, qos }) => ({ topic: filter, qos }));
  }

  async cleanSubscriptions(client: ClientName): Promise<void> {
    // Of a session that this broker does not know yet, the others hear with the arrival of its client, and end it then.
    if (this.#tree.has(client.id)) await this.#options.sessions.forget([client.id]);
  }

  /** Of kept sessions with QoS 1 or 2. */
  subscriptionsByTopic(topic: string): Promise<readonly Receiver[]> {
    return Promise.resolve([...this.#tree.match(topic)].map(([clientId, qos]) => ({ clientId, topic, qos })));
  }

  /** They are queued when the packet is emitted, which is next, and when its number is known. */
  outgoingEnqueueCombi(receivers: readonly Receiver[], packet: KeptPacket): Promise<void> {
    if (receivers.length > 0) {
      const qosOf = new Map(receivers.map(({ clientId, qos = 1 }) => [clientId, qos]));
      this.#options.emitter.willQueue(packet, qosOf);
    }
    return Promise.resolve();
  }

  /** Aedes queues for one session what it sends to it by itself; the platform sends nothing so. */
  outgoingEnqueue(): Promise<void> {
    return Promise.resolve();
  }

  outgoingUpdate(client: Client, packet: OutgoingPacket): Promise<void> {
    return this.#options.queues.sending(client, packet);
  }

  async outgoingClearMessageId(client: Client, packet: OutgoingPacket): Promise<undefined> {
    await this.#options.queues.acknowledged(client, packet.messageId);
  }

  outgoingStream(client: Client): Readable {
    return Readable.from(client.clean ? [] : this.#options.queues.waiting(client));
  }

  async incomingStorePacket(client: Client, packet: PublishPacket): Promise<void> {
    const packetId = packet.messageId ?? 0;
    if (!client.clean) return this.#options.sessions.receive(client.id, packetId);
    const received = this.#received.get(client.id) ?? new Set();
    this.#received.set(client.id, received.add(packetId));
  }

  /** Rejects when there is none, as Aedes expects. */
  async incomingGetPacket(client: Client, packet: PublishPacket): Promise<PublishPacket> {
    const packetId = packet.messageId ?? 0;
    const isKnown = client.clean
      ? this.#received.get(client.id)?.has(packetId)
      : await this.#options.sessions.hasReceived(client.id, packetId);
    if (isKnown !== true) throw new Error(`nothing was received under packet id ${packetId}`);
    return packet;
  }

  async incomingDelPacket(client: Client, packet: PublishPacket): Promise<void> {
    const packetId = packet.messageId ?? 0;
    if (!client.clean) return this.#options.sessions.release(client.id, packetId);
    this.#received.get(client.id)?.delete(packetId);
  }

  cleanIncoming(client: ClientName): Promise<void> {
    this.#received.delete(client.id);
    return Promise.resolve();
  }

  async storeRetained(packet: StoredPacket): Promise<void> {
    const { topic, qos, clientId, brokerId, brokerCounter: number } = packet;
    const payload = Buffer.from(packet.payload);
    const message = { topic, payload, qos, isRetained: true, clientId, brokerId, number };
    await this.#options.sessions.retain(topic, payload.length === 0 ? null : encodeMessage(message));
  }

  createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(inPortions(this.#retained(filters)));
  }

  async *removable(filter: string): AsyncGenerator<Removable> {
    const { sessions } = this.#options;
    for await (const bytes of sessions.retained([filter])) {
      const message = decodeMessage(bytes);
      if (message === undefined) continue;
      const { topic, payload } = message;
      yield { topic, payload, remove: () => sessions.unretain(topic, bytes) };
    }
  }

  async *#retained(filters: readonly string[]): AsyncGenerator<object> {
    try {
      for await (const bytes of this.#options.sessions.retained(filters)) {
        const message = decodeMessage(bytes);
        if (message === undefined) continue;
        const { topic, payload, qos } = message;
        yield { cmd: "publish", topic, payload, qos, retain: true };
      }
    } catch (error) {
      // The SUBACK is written, and Aedes pipes this stream without an ear for its errors.
      this.#options.log.warn({ filters, reason: messageOf(error) }, "retained messages not read");
    }
  }

  /** Once the others can find it, unless Redis is away: then they get it when it is back. */
  putWill(client: Client, will: PublishPacket): Promise<void> {
    return this.#options.held.putWill(client.id, will);
  }

  /** Aedes asks before it puts a new one, too; only a will that was spoken or is void is named with its broker. */
  delWill(client: ClientName & { readonly brokerId?: string }): Promise<void> {
    if (client.brokerId !== undefined) this.#options.held.dropWill(client.id);
    return Promise.resolve();
  }

  /** Wills of dead brokers are spoken by our own undertaker. */
  streamWill(): Readable {
    return Readable.from([]);
  }
}
