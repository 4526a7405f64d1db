import mqemitter, { type Message as Emitted } from "mqemitter";
import { messageOf } from "../../platform/errors.ts";
import type { Log } from "../../platform/telemetry.ts";
import { isTelemetryTopic } from "../../schema/topics.ts";
import type { Ears } from "../ears.ts";
import type { Message } from "./message-bytes.ts";
import type { PeerPost } from "./peer-post.ts";
import type { SessionQueues } from "./session-queues.ts";

/** A packet of Aedes when it is to be delivered. */
interface EmittedPacket extends Emitted {
  readonly payload: Buffer | string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly clientId?: string;
  brokerId: string;
  brokerCounter: number;
}

type Done = (error?: Error | null) => void;
type Listener = (message: Emitted, done: () => void) => void;

interface SharedEmitterOptions {
  /** Of this broker, as Aedes stamps its packets. */
  readonly brokerId: string;
  readonly ears: Ears;
  readonly post: PeerPost;
  readonly queues: SessionQueues;
  /** The other brokers that live. */
  readonly peers: () => readonly string[];
  readonly log: Log;
}

/**
 * What Aedes delivers through: at once to the clients of this broker, whatever Redis does, and to other brokers what somebody
 * there may hear. Never in the way of readings, which are in the stream before.
 */
export class SharedEmitter {
  readonly #local = mqemitter({ concurrency: 0, matchEmptyLevels: true });
  readonly #options: SharedEmitterOptions;
  readonly #receivers = new WeakMap<object, ReadonlyMap<string, 1 | 2>>();
  #count = 0;

  constructor(options: SharedEmitterOptions) {
    this.#options = options;
  }

  on(topic: string, listener: Listener, done?: () => void): this {
    this.#local.on(topic, listener, done);
    return this;
  }

  removeListener(topic: string, listener: Listener, done?: () => void): this {
    this.#local.removeListener(topic, listener, done);
    return this;
  }

  close(done: () => void): void {
    this.#local.close(done);
  }

  /** These kept sessions are to have this packet in their queues, once it is emitted. */
  willQueue(packet: object, receivers: ReadonlyMap<string, 1 | 2>): void {
    this.#receivers.set(packet, receivers);
  }

  emit(packet: EmittedPacket, done: Done): void {
    // Aedes drops what does not count up, per broker and subscriber, and counted before it waited for Redis: others overtook it there.
    packet.brokerId = this.#options.brokerId;
    packet.brokerCounter = ++this.#count;
    const receivers = this.#receivers.get(packet);
    const peers = this.#peersFor(packet.topic);
    if (receivers === undefined && peers.length === 0) {
      this.#local.emit(packet, (error) => done(error));
      return;
    }
    const message = toMessage(packet);
    // Asked of Redis before the message is sent to others, who may have it acknowledged by then.
    if (receivers !== undefined) this.#queue(message, receivers);
    this.#options.post.send(peers, { kind: "message", message });
    this.#local.emit(packet, (error) => done(error));
  }

  /** Its publisher has gone on, as with `detachPublishers` it does not wait for what becomes of a message. */
  #queue(message: Message, receivers: ReadonlyMap<string, 1 | 2>): void {
    this.#options.queues.enqueue(message, receivers).catch((error: unknown) => {
      const { topic, clientId: client } = message;
      this.#options.log.warn(
        { topic, client, reason: messageOf(error) },
        "message not queued for kept sessions",
      );
    });
  }

  /** Delivers here what another broker sent. */
  deliver(message: Message): void {
    const { topic, payload, qos, isRetained: retain, clientId, brokerId, number } = message;
    const packet = {
      cmd: "publish",
      topic,
      payload,
      qos,
      retain,
      dup: false,
      brokerId,
      brokerCounter: number,
    };
    this.#local.emit(clientId === undefined ? packet : { ...packet, clientId });
  }

  /** Says here what Aedes says when a client connects to another broker: this one closes its connection. */
  announce(clientId: string): void {
    this.#local.emit({ topic: "$SYS/another-broker/new/clients", payload: Buffer.from(clientId) });
  }

  #peersFor(topic: string): readonly string[] {
    const peers = this.#options.peers();
    if (peers.length === 0 || topic.startsWith("$")) return [];
    return isTelemetryTopic(topic) ? this.#options.ears.peersHearing(topic) : peers;
  }
}

function toMessage({
  topic,
  payload,
  qos,
  retain,
  clientId,
  brokerId,
  brokerCounter,
}: EmittedPacket): Message {
  return {
    ...{ topic, qos, isRetained: retain, clientId, brokerId, number: brokerCounter },
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
  };
}
