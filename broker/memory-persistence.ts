import { Readable } from "node:stream";
import aedesPersistence from "aedes-persistence";
import type { KeptPacket, Persistence, Removable } from "./persistence.ts";
import { inPortions } from "./portions.ts";
import { RetainedTree } from "./retained-tree.ts";

interface Library {
  (): Persistence;
  /** Makes a packet of the fields that one has; it has no packet id yet. */
  readonly Packet: new (
    original: KeptPacket,
  ) => KeptPacket;
}

// The module is the function itself, which its types take for a default export; and they tell of callbacks, where its methods
// answer with promises when they are called without one, as Aedes does.
const openMemory = aedesPersistence as unknown as Library;

/**
 * Aedes' store in memory, with other shelves for what grows with strangers: its own keeps an empty list for every client id that
 * ever acknowledged something, and looks through all retained messages for each filter, without a pause.
 */
export function openMemoryPersistence(): Persistence {
  return Object.assign(openMemory(), retainedShelf(), outgoingShelf(), incomingShelf());
}

type Retained = Parameters<Persistence["storeRetained"]>[0];

function retainedShelf() {
  const retained = new RetainedTree<Retained>();
  return {
    storeRetained: async (packet: Retained) => {
      if (packet.payload.length === 0) retained.delete(packet.topic);
      else retained.set(packet.topic, { ...packet });
    },
    createRetainedStreamCombi: (filters: readonly string[]) =>
      Readable.from(inPortions(retained.matching(filters))),
    createRetainedStream: (filter: string) => Readable.from(inPortions(retained.matching([filter]))),
    async *removable(filter: string): AsyncGenerator<Removable> {
      for await (const packet of retained.matching([filter])) {
        const { topic, payload } = packet;
        const remove = async (): Promise<void> => {
          if (retained.get(topic) === packet) retained.delete(topic);
        };
        yield { topic, payload: Buffer.from(payload), remove };
      }
    },
  };
}

function outgoingShelf() {
  const queues = new Map<string, KeptPacket[]>();
  const enqueue = (clientId: string, packet: KeptPacket): void => {
    const queue = queues.get(clientId) ?? [];
    queues.set(clientId, queue);
    // Its own copy, for each session gives it another packet id.
    queue.push(new openMemory.Packet(packet));
  };
  return {
    outgoingEnqueue: async ({ clientId }: { clientId: string }, packet: KeptPacket) =>
      enqueue(clientId, packet),
    outgoingEnqueueCombi: async (sessions: readonly { clientId: string }[], packet: KeptPacket) => {
      for (const { clientId } of sessions) enqueue(clientId, packet);
    },
    outgoingUpdate: async ({ id }: { id: string }, packet: KeptPacket) => {
      const queue = queues.get(id) ?? [];
      const place = queue.findIndex((kept) => isSame(kept, packet));
      const kept = queue[place];
      if (kept === undefined) throw new Error("no such packet");
      if (isNumbered(packet, kept)) kept.messageId = packet.messageId;
      else queue[place] = packet;
    },
    outgoingClearMessageId: async ({ id }: { id: string }, { messageId }: KeptPacket) => {
      const queue = queues.get(id) ?? [];
      const place = queue.findIndex((kept) => kept.messageId === messageId);
      if (place === -1) return undefined;
      const [cleared] = queue.splice(place, 1);
      if (queue.length === 0) queues.delete(id);
      return cleared;
    },
    outgoingStream: ({ id }: { id: string }) => Readable.from([...(queues.get(id) ?? [])]),
  };
}

/** A publish is known by the number that its broker gave it, for packet ids come round again; a PUBREL has but the packet id. */
function isSame(kept: KeptPacket, packet: KeptPacket): boolean {
  return isNumbered(packet, kept)
    ? kept.brokerCounter === packet.brokerCounter
    : kept.messageId === packet.messageId;
}

function isNumbered(packet: KeptPacket, kept: KeptPacket): boolean {
  return packet.brokerId !== undefined && packet.brokerId === kept.brokerId;
}

function incomingShelf() {
  const shelves = new Map<string, Map<number | undefined, KeptPacket>>();
  // Every new message of QoS 2 is one that is not there yet; a stack for each of them would cost more than the rest.
  const missing = new Error("no such packet");
  const found = (id: string, messageId: number | undefined): KeptPacket => {
    const packet = shelves.get(id)?.get(messageId);
    if (packet === undefined) throw missing;
    return packet;
  };
  return {
    incomingStorePacket: async ({ id }: { id: string }, packet: KeptPacket) => {
      const shelf = shelves.get(id) ?? new Map<number | undefined, KeptPacket>();
      shelves.set(id, shelf);
      shelf.set(
        packet.messageId,
        Object.assign(new openMemory.Packet(packet), { messageId: packet.messageId }),
      );
    },
    incomingGetPacket: async ({ id }: { id: string }, { messageId }: KeptPacket) => found(id, messageId),
    incomingDelPacket: async ({ id }: { id: string }, { messageId }: KeptPacket) => {
      found(id, messageId);
      const shelf = shelves.get(id);
      shelf?.delete(messageId);
      if (shelf?.size === 0) shelves.delete(id);
    },
    cleanIncoming: async ({ id }: { id: string }) => void shelves.delete(id),
  };
}
