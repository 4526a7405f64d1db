import type { Client } from "aedes";
import type { SharedSessions } from "../../platform/broker-commons.ts";
import { messageOf } from "../../platform/errors.ts";
import type { LimitNotices } from "../../platform/limit-notices.ts";
import type { Log } from "../../platform/telemetry.ts";
import { decodeMessage, encodeMessage, type Message } from "./message-bytes.ts";

/** A packet of Aedes on its way to a client. */
export interface OutgoingPacket {
  readonly cmd: string;
  readonly qos?: number;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  messageId?: number | undefined;
  dup?: boolean;
}

/** A packet as Aedes takes it from a queue. */
export type QueuedPacket = OutgoingPacket & { readonly topic?: string };

/** The deliveries of one client that wait for its acknowledgement. */
interface UnderWay {
  readonly byPacketId: Map<number, string>;
  readonly packetIds: Map<string, number>;
  /**
   * What went out since the client connected: what the queue has may come live as well, and the other way round. Kept until the queue was
   * read and no news of what it had can come any more.
   */
  sent?: Set<string> | undefined;
}

/** News between brokers is late by less than this, or lost. */
const newsMs = 10_000;

/**
 * The queues of kept sessions. They are in common with other brokers, so a client finds what it missed at any of them; which
 * packet id stands for which message is known to the broker that delivers.
 */
export class SessionQueues {
  readonly #sessions: SharedSessions;
  readonly #notices: LimitNotices;
  readonly #log: Log;
  readonly #underWay = new WeakMap<Client, UnderWay>();

  constructor({ sessions, notices, log }: { sessions: SharedSessions; notices: LimitNotices; log: Log }) {
    this.#sessions = sessions;
    this.#notices = notices;
    this.#log = log;
  }

  /** @throws PlatformError STREAM_DOWN or STREAM_FULL. */
  async enqueue(message: Message, receivers: ReadonlyMap<string, 1 | 2>): Promise<void> {
    const least = (qos: 1 | 2): 1 | 2 => (message.qos === 2 ? qos : 1);
    const bytes = encodeMessage({ ...message, qos: 1 });
    const refused = await this.#sessions.enqueue({
      id: idOf(message.brokerId, message.number),
      messages: { 1: bytes, 2: message.qos === 2 ? encodeMessage(message) : bytes },
      receivers: new Map([...receivers].map(([clientId, qos]) => [clientId, least(qos)])),
    });
    for (const { clientId, limit } of refused) this.#notices.tell(limit, { client: clientId });
  }

  /**
   * Notes under which id a packet goes out, before it does. A message that is on its way to this client already keeps its id, so
   * the client recognises it.
   */
  async sending(client: Client, packet: OutgoingPacket): Promise<void> {
    const underWay = this.#of(client);
    const isReleased = packet.cmd === "pubrel";
    const id =
      packet.brokerId !== undefined && packet.brokerCounter !== undefined
        ? idOf(packet.brokerId, packet.brokerCounter)
        : underWay.byPacketId.get(packet.messageId ?? 0);
    if (id === undefined || packet.messageId === undefined) return;
    const packetId = underWay.packetIds.get(id) ?? packet.messageId;
    packet.messageId = packetId;
    underWay.packetIds.set(id, packetId);
    underWay.byPacketId.set(packetId, id);
    underWay.sent?.add(id);
    await this.#sessions.note(client.id, id, { packetId, isReleased }).catch((error: unknown) => {
      // Without its note a message may come twice after a reconnect, which QoS 1 allows and QoS 2 does not.
      if (isReleased || packet.qos === 2) throw error;
      this.#log.debug({ client: client.id, reason: messageOf(error) }, "delivery not noted");
    });
  }

  /** Whether a message that comes live is on its way to the client already, or was, from its queue: it connected just now. */
  isUnderWay(client: Client, { brokerId, brokerCounter, messageId }: OutgoingPacket): boolean {
    if (messageId !== undefined || brokerId === undefined || brokerCounter === undefined) return false;
    const [underWay, id] = [this.#underWay.get(client), idOf(brokerId, brokerCounter)];
    return underWay?.packetIds.has(id) === true || underWay?.sent?.has(id) === true;
  }

  /** The client has acknowledged the packet with this id. */
  async acknowledged(client: Client, packetId: number | undefined): Promise<void> {
    const underWay = this.#underWay.get(client);
    const id = packetId === undefined ? undefined : underWay?.byPacketId.get(packetId);
    if (id === undefined || packetId === undefined) return;
    underWay?.byPacketId.delete(packetId);
    underWay?.packetIds.delete(id);
    await this.#sessions.settle(client.id, id).catch((error: unknown) => {
      // It stays queued and is delivered once more, which QoS 1 allows; of QoS 2 only the release is.
      this.#log.debug({ client: client.id, reason: messageOf(error) }, "acknowledgement not noted");
    });
  }

  /** What waits for the client, as Aedes sends it. */
  async *waiting(client: Client): AsyncGenerator<QueuedPacket> {
    const underWay = this.#of(client);
    try {
      for await (const { id, message, packetId, isReleased } of this.#sessions.queued(client.id)) {
        // It came live meanwhile.
        if (underWay.packetIds.has(id) || (underWay.sent?.has(id) === true && !isReleased)) continue;
        const { brokerId, number } = partsOf(id);
        const common = { brokerId, brokerCounter: number, messageId: packetId };
        if (isReleased) {
          yield { cmd: "pubrel", ...common };
          continue;
        }
        const read = decodeMessage(message);
        if (read === undefined) continue;
        const { topic, payload, qos, isRetained } = read;
        yield { cmd: "publish", ...common, ...{ topic, payload, qos, retain: isRetained } };
      }
    } finally {
      // Also where Redis went away meanwhile: the connection may last for days.
      if (underWay.sent !== undefined) {
        setTimeout(() => {
          underWay.sent = undefined;
        }, newsMs).unref();
      }
    }
  }

  #of(client: Client): UnderWay {
    const known = this.#underWay.get(client);
    if (known !== undefined) return known;
    const underWay: UnderWay = { byPacketId: new Map(), packetIds: new Map() };
    if (client.clean === false) underWay.sent = new Set();
    this.#underWay.set(client, underWay);
    return underWay;
  }
}

/** What a message is called in the queues. */
function idOf(brokerId: string, number: number): string {
  return `${brokerId}:${number}`;
}

function partsOf(id: string): { brokerId: string; number: number } {
  const colon = id.lastIndexOf(":");
  return { brokerId: id.slice(0, colon), number: Number(id.slice(colon + 1)) };
}
