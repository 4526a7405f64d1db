import type { Readable } from "node:stream";
import type { Subscription } from "aedes";

/** A packet as Aedes keeps it: a publish, or the PUBREL that took its place. */
export interface KeptPacket {
  readonly cmd: string;
  readonly topic?: string;
  readonly payload?: string | Buffer;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  messageId?: number | undefined;
}

export interface SessionOwner {
  readonly id: string;
}

/** A retained message, and the way to be rid of it unless another one has taken its place. */
export interface Removable {
  readonly topic: string;
  readonly payload: Uint8Array;
  remove(): Promise<void>;
}

/** What the platform adds to or bounds of the store that Aedes asks for sessions, retained messages and wills. */
export interface Persistence {
  storeRetained(packet: KeptPacket & { topic: string; payload: string | Buffer }): Promise<void>;
  createRetainedStreamCombi(filters: readonly string[]): Readable;
  createRetainedStream(filter: string): Readable;
  /** Retained messages that this filter matches; what changes meanwhile may be among them or not. */
  removable(filter: string): AsyncIterable<Removable>;
  addSubscriptions(client: SessionOwner, subscriptions: readonly Subscription[]): Promise<void>;
  cleanSubscriptions(client: SessionOwner): Promise<void>;
  outgoingEnqueue(session: { readonly clientId: string }, packet: KeptPacket): Promise<void>;
  outgoingEnqueueCombi(sessions: readonly { readonly clientId: string }[], packet: KeptPacket): Promise<void>;
  /** Gives a queued packet its id, or puts a PUBREL in its place. @throws Error when there is no such packet. */
  outgoingUpdate(client: SessionOwner, packet: KeptPacket): Promise<void>;
  outgoingClearMessageId(client: SessionOwner, packet: KeptPacket): Promise<KeptPacket | undefined>;
  outgoingStream(client: SessionOwner): Readable;
  incomingStorePacket(client: SessionOwner, packet: KeptPacket): Promise<void>;
  /** @throws Error when there is no such packet. */
  incomingGetPacket(client: SessionOwner, packet: KeptPacket): Promise<unknown>;
  /** @throws Error when there is no such packet. */
  incomingDelPacket(client: SessionOwner, packet: KeptPacket): Promise<void>;
  cleanIncoming(client: SessionOwner): Promise<void>;
}

/** A payload that keeps no more than itself: as it was read it is a part of all that came with it. */
export function compact<P extends { payload?: string | Buffer }>(packet: P): P {
  const { payload } = packet;
  if (!Buffer.isBuffer(payload) || payload.buffer.byteLength === payload.length) return packet;
  const own = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(own);
  return { ...packet, payload: own };
}
