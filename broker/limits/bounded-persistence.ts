import type { Subscription } from "aedes";
import type { LimitNotices } from "../../platform/limit-notices.ts";
import { compact, type KeptPacket, type Persistence, type SessionOwner } from "../persistence.ts";
import { type SessionBook, weightOf } from "./session-book.ts";

export interface BoundsOptions {
  readonly book: SessionBook;
  readonly notices: LimitNotices;
  readonly now: () => number;
  /** What this client was granted and is not stored yet. */
  readonly takeGranted: (client: SessionOwner) => readonly Subscription[];
}

/** A queue that seems full is looked at again after so long: another broker may have emptied it. */
const recountMs = 10_000;

/**
 * Puts the limits of sessions on a store, in its place: the same object, with methods that keep accounts. What is beyond a limit is
 * not kept; nobody is cut off for it.
 */
export function boundPersistence(store: Persistence, options: BoundsOptions): void {
  Object.assign(
    store,
    boundQueues(store, options),
    boundIncoming(store, options),
    boundSubscriptions(store, options),
    { storeRetained: keepCompact(store) },
  );
}

/** The same for a store whose queues and sessions have limits of their own, for they are other brokers' too. */
export function boundOwnPart(store: Persistence, options: BoundsOptions): void {
  Object.assign(store, boundIncoming(store, options), boundSubscriptions(store, options));
}

/** Ends a session whose client does not come back, with all that was kept for it. */
export async function endSession(store: Persistence, clientId: string): Promise<void> {
  const client = { id: clientId };
  await drain(store, client);
  await store.cleanSubscriptions(client);
  await store.cleanIncoming(client);
  // What came in between.
  await drain(store, client);
}

function keepCompact(store: Persistence): Persistence["storeRetained"] {
  const storeRetained = store.storeRetained.bind(store);
  return async (packet) => storeRetained(compact(packet));
}

function boundQueues(store: Persistence, { book, notices, now }: BoundsOptions): Partial<Persistence> {
  const enqueue = store.outgoingEnqueueCombi.bind(store);
  const update = store.outgoingUpdate.bind(store);
  const clear = store.outgoingClearMessageId.bind(store);
  /** When a queue was found full for good. */
  const full = new Map<string, number>();

  const hasRoomAfterAll = async (clientId: string, weight: number): Promise<boolean> => {
    if (now() - (full.get(clientId) ?? Number.NEGATIVE_INFINITY) > recountMs) {
      book.recount(clientId, await contentsOf(store, clientId));
      full.set(clientId, now());
    }
    const limit = book.objection(clientId, weight);
    if (limit === undefined) full.delete(clientId);
    else notices.tell(limit, { client: clientId });
    return limit === undefined;
  };

  return {
    outgoingEnqueueCombi: async (sessions, packet) => {
      const weight = weightOf(packet);
      const kept = [];
      for (const session of sessions) {
        const { clientId } = session;
        const isFull = book.objection(clientId, weight) !== undefined;
        if (isFull && !(await hasRoomAfterAll(clientId, weight))) continue;
        book.queued(clientId, weight);
        kept.push(session);
      }
      if (kept.length > 0) await enqueue(kept, compact(packet));
    },
    outgoingUpdate: async (client, packet) => {
      try {
        await update(client, packet);
      } catch (error) {
        // A client that is there gets what did not fit into its queue all the same, once.
        if (!full.has(client.id)) throw error;
      }
    },
    outgoingClearMessageId: async (client, packet) => {
      const cleared = await clear(client, packet);
      if (cleared !== undefined) {
        book.unqueued(client.id, weightOf(cleared));
        full.delete(client.id);
      }
      return cleared;
    },
  };
}

/** Aedes publishes a QoS 2 message when it comes; what it keeps until the PUBREL only has to say that it was there. */
function boundIncoming(store: Persistence, { book }: BoundsOptions): Partial<Persistence> {
  const put = store.incomingStorePacket.bind(store);
  const remove = store.incomingDelPacket.bind(store);
  const clean = store.cleanIncoming.bind(store);
  return {
    incomingStorePacket: async (client, packet) => {
      if (!book.mayAwaitRelease(client.id)) throw new Error(tooManyInflight);
      book.awaitsRelease(client.id, 1);
      await put(client, { ...packet, payload: Buffer.alloc(0) });
    },
    incomingDelPacket: async (client, packet) => {
      await remove(client, packet);
      book.awaitsRelease(client.id, -1);
    },
    cleanIncoming: async (client) => {
      book.releaseAll(client.id);
      await clean(client);
    },
  };
}

/** How Aedes begins to say that a client has too many QoS 2 messages under way; so do we, of those of its earlier connections. */
export const tooManyInflight = "maxInflightInbound exceeded";

/** Aedes hands over all filters of a SUBSCRIBE once for each of them, refused ones included: what is granted is stored, and once. */
function boundSubscriptions(store: Persistence, { takeGranted }: BoundsOptions): Partial<Persistence> {
  const add = store.addSubscriptions.bind(store);
  /** Of clients whose filters are granted in this turn of the loop: those of one packet are stored together, not one by one. */
  const storing = new Map<SessionOwner, Promise<void>>();
  const storeGranted = async (client: SessionOwner): Promise<void> => {
    await Promise.resolve();
    storing.delete(client);
    const granted = takeGranted(client);
    if (granted.length > 0) await add(client, granted);
  };
  return {
    addSubscriptions: (client) => {
      const stored = storing.get(client) ?? storeGranted(client);
      storing.set(client, stored);
      return stored;
    },
  };
}

async function contentsOf(store: Persistence, clientId: string) {
  const queue = { messages: 0, bytes: 0 };
  for await (const packet of packetsOf(store, { id: clientId })) {
    queue.messages += 1;
    queue.bytes += weightOf(packet);
  }
  return queue;
}

async function drain(store: Persistence, client: SessionOwner): Promise<void> {
  let messageId = 0;
  for await (const packet of packetsOf(store, client)) {
    // Only a packet with an id can be taken out.
    messageId += 1;
    packet.messageId ??= messageId;
    await store.outgoingUpdate(client, packet);
    await store.outgoingClearMessageId(client, packet);
  }
}

function packetsOf(store: Persistence, client: SessionOwner): AsyncIterable<KeptPacket> {
  // The stream gives what was queued.
  return store.outgoingStream(client) as AsyncIterable<KeptPacket>;
}
