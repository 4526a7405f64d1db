// What the brokers on one Redis have in common: the edge between a broker and the adapter. A message is bytes here; only brokers
// know what is in them.

import type { LimitName } from "./limits.ts";

export type Qos = 0 | 1 | 2;

/** A subscription of a session that outlives its connection. */
export interface KeptSubscription {
  readonly filter: string;
  readonly qos: Qos;
}

/** How far the delivery of a queued message has come. */
export interface Delivery {
  /** Under which it went out; undefined when it never did. */
  readonly packetId: number | undefined;
  /** QoS 2: the receiver has it, and was told to forget its id. */
  readonly isReleased: boolean;
}

/** A message in the queue of a kept session. */
export interface QueuedMessage extends Delivery {
  readonly id: string;
  readonly message: Uint8Array;
}

/** A message for the queues of kept sessions, as each quality of service has it. */
export interface Enqueued {
  /** Unique among all messages of all brokers. */
  readonly id: string;
  readonly messages: Readonly<Record<1 | 2, Uint8Array>>;
  readonly receivers: ReadonlyMap<string, 1 | 2>;
}

/** What all kept sessions together, and each of them, may have; 0 in any but the expiry is no limit. */
export interface SharedSessionLimits {
  readonly sessions: number;
  readonly expiryMs: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
}

/** A session that met a limit. */
export interface Beyond {
  readonly clientId: string;
  readonly limit: LimitName;
}

/** Hears of the subscriptions of kept sessions, whichever broker changes them. */
export interface SessionListener {
  /** All sessions there are, in the place of what was told before. */
  onAll(sessions: ReadonlyMap<string, readonly KeptSubscription[]>): void;
  /** The subscriptions of a session as they are now; none when it has ended. */
  onChange(clientId: string, subscriptions: readonly KeptSubscription[]): void;
}

/**
 * Sessions that outlive their connections, and retained messages: every broker finds them, and they survive all brokers.
 * Whatever cannot be done at once rejects with STREAM_DOWN or STREAM_FULL.
 */
export interface SharedSessions {
  /** Resolves once `onAll` was called. Changes that were missed make `onAll` be called again. */
  follow(listener: SessionListener): Promise<void>;
  subscriptionsOf(clientId: string): Promise<readonly KeptSubscription[]>;
  subscribe(clientId: string, subscriptions: readonly KeptSubscription[]): Promise<void>;
  /** A session without subscriptions ends. */
  unsubscribe(clientId: string, filters: readonly string[]): Promise<void>;
  /** Ends these sessions with all they have. Names without a session are passed over. */
  forget(clientIds: readonly string[]): Promise<void>;
  /** These sessions are in use, so they do not expire. */
  touch(clientIds: readonly string[]): Promise<void>;
  /** Ends at most so many of the sessions that are beyond a limit, those that are away longest first; answers which. */
  expire(most: number): Promise<readonly Beyond[]>;

  /** Queues the message for every receiver that has a session; answers for whom it is beyond a limit and not queued. */
  enqueue(enqueued: Enqueued): Promise<readonly Beyond[]>;
  /** Notes how far a delivery has come; nothing if the message is not queued. */
  note(clientId: string, id: string, delivery: Delivery): Promise<void>;
  /** The receiver has the message. */
  settle(clientId: string, id: string): Promise<void>;
  /** What is queued at this moment, in order. */
  queued(clientId: string): AsyncIterable<QueuedMessage>;

  /** Remembers the packet id of a QoS 2 message from a client; false if it was remembered already. */
  receive(clientId: string, packetId: number): Promise<void>;
  hasReceived(clientId: string, packetId: number): Promise<boolean>;
  release(clientId: string, packetId: number): Promise<void>;

  /** Keeps the retained message of a topic, or removes it (null). */
  retain(topic: string, message: Uint8Array | null): Promise<void>;
  /** Removes the retained message of a topic, unless it is another one by now. */
  unretain(topic: string, message: Uint8Array): Promise<void>;
  /** The retained messages that match any of these filters, each once. */
  retained(filters: readonly string[]): AsyncIterable<Uint8Array>;
}

/** What changed in what a broker holds since it told the last time. */
export interface Holdings {
  readonly arrived: readonly string[];
  /** Told before, with the numbers of their arrivals; absent when there is nothing to repeat. */
  readonly kept?: ReadonlyMap<string, number>;
  readonly left: readonly string[];
  /** By client; null when there is none any more. */
  readonly wills: ReadonlyMap<string, Uint8Array | null>;
  /** By ear, whether it listens; what an ear is, brokers know. */
  readonly ears: ReadonlyMap<string, boolean>;
}

/** Clients that arrived together. */
export interface Arrivals {
  readonly clientIds: readonly string[];
  /** Grows over the arrivals at all brokers. */
  readonly number: number;
}

/** What a sign of life is answered with. */
export interface Roll {
  /** The others took this broker for dead, and have settled its affairs. */
  readonly isBuried: boolean;
  /** False when nothing is known of this broker (any more): it has to tell everything. */
  readonly isKnown: boolean;
  /** The newest sign of life of every broker, this one included, by id. It differs from the one before. */
  readonly signs: ReadonlyMap<string, string>;
  /** Dead brokers whose affairs are not settled yet, and who took them on. */
  readonly graves: ReadonlyMap<string, string>;
}

/** A client of a dead broker that no other broker has. */
export interface LostClient {
  readonly clientId: string;
  readonly will: Uint8Array | undefined;
}

/** A broker's place among the others on the same Redis. */
export interface Membership {
  /** Its name from joining to leaving or burial. */
  readonly id: string;
  /** A sign of life, with a word of the broker's own. */
  beat(sign: string): Promise<Roll>;
  /**
   * Tells the others, through Redis, what this broker holds; in the order of the calls. Answers with the numbers of those who arrived.
   */
  tell(holdings: Holdings): Promise<readonly Arrivals[]>;
  /** Forgets what this broker told so far. */
  untell(): Promise<void>;
  /** The ears of another broker. */
  earsOf(id: string): Promise<readonly string[]>;
  /** The clients of another broker, with the numbers of their arrivals. */
  arrivalsAt(id: string): Promise<ReadonlyMap<string, number>>;
  /** At most once, in the order of the calls. */
  send(to: string, bytes: Uint8Array): Promise<void>;
  /** Takes the affairs of a dead broker on, unless it lives or somebody else was first. */
  bury(dead: string, death: { sign: string } | { undertaker: string }): Promise<boolean>;
  /** Some clients of a buried broker; none when all are settled. Those that are at another broker are settled by that. */
  lost(dead: string, limit: number): Promise<readonly LostClient[]>;
  settle(dead: string, clientIds: readonly string[]): Promise<void>;
  closeGrave(dead: string): Promise<void>;
  leave(): Promise<void>;
}

/** All that brokers on one Redis share. */
export interface BrokerCommons {
  readonly sessions: SharedSessions;
  /** Takes a place among the brokers; `hear` gets what they send to it. */
  join(hear: (bytes: Uint8Array) => void): Promise<Membership>;
  /** Whether this broker is the first to take on the announcement of this event. For events in their order. */
  isFirstToAnnounce(eventId: string): Promise<boolean>;
  close(): Promise<void>;
}
