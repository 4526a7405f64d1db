import type { Socket } from "node:net";
import type { Aedes, Client, PublishPacket, Subscription } from "aedes";
import type { Config } from "../../platform/config.ts";
import { messageOf, PlatformError } from "../../platform/errors.ts";
import type { LimitNotices } from "../../platform/limit-notices.ts";
import type { LimitName } from "../../platform/limits.ts";
import type { Log } from "../../platform/telemetry.ts";
import { parseTopic } from "../../schema/topics.ts";
import type { Caller } from "../doors.ts";
import type { KeptPacket, Persistence } from "../persistence.ts";
import { Admission, type Visit } from "./admission.ts";
import { boundOwnPart, boundPersistence, endSession, tooManyInflight } from "./bounded-persistence.ts";
import { hasSaidGoodbye, keepAlive } from "./client-state.ts";
import { Flapping } from "./flapping.ts";
import { flowOf, Pace } from "./pace.ts";
import { paceReading } from "./paced-reading.ts";
import { RetainedBook } from "./retained-book.ts";
import { SessionBook } from "./session-book.ts";
import { SubscriptionBook } from "./subscription-book.ts";
import { TurnBudget, takeTurns } from "./turns.ts";

export interface BrokerLimitsOptions {
  readonly config: Config;
  /** The store for sessions and retained messages; it is bounded from here on. */
  readonly persistence: Persistence;
  /** Sessions are kept in common with other brokers, within limits that hold for all of them. */
  readonly areSessionsShared: boolean;
  /** Whether a client that was let in is a process of the platform itself: it speaks for many, and has limits at its own door. */
  readonly isOwn: (client: Client) => Promise<boolean>;
  readonly notices: LimitNotices;
  readonly log: Log;
  readonly now?: () => number;
}

/** A connection that breaks sooner than this after it was let in counts as a failure of its client id. */
const shortVisitMs = 10_000;
const lookIntervalMs = 60_000;
const recountMs = 10_000;

/** A client, and how it came in. */
interface Guest {
  readonly visit: Visit;
  /** Ends the pace that it is read at. */
  readonly release: () => void;
  readyMs: number | undefined;
  isExcused: boolean;
  /** The first error ends the connection; what was under way may bring more. */
  hasFailed: boolean;
}

/** Everything that keeps one caller from taking what belongs to all; each part decides by itself, this ties them to the broker. */
export class BrokerLimits {
  readonly #options: BrokerLimitsOptions;
  readonly #now: () => number;
  readonly #admission: Admission;
  readonly #reconnects: Flapping | undefined;
  readonly #subscriptions: SubscriptionBook;
  readonly #retained: RetainedBook;
  readonly #sessions: SessionBook;
  readonly #visits = new Map<string, Visit>();
  readonly #guests = new WeakMap<Client, Guest>();
  #retainedCountedMs = Number.NEGATIVE_INFINITY;
  #isEnding = false;
  readonly #turns = new TurnBudget();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BrokerLimitsOptions) {
    const { config, persistence, areSessionsShared, notices, now = () => performance.now() } = options;
    this.#options = options;
    this.#now = now;
    this.#admission = new Admission({
      connectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS,
      connectsPerSecond: config.MAX_CONNECTS_PER_ADDRESS_PER_SECOND,
      refusalsPerMinute: config.MAX_REFUSALS_PER_ADDRESS_PER_MINUTE,
      unauthenticated: config.MAX_UNAUTHENTICATED_CONNECTIONS,
    });
    const { MAX_RECONNECTS_PER_CLIENT_PER_MINUTE: reconnects } = config;
    this.#reconnects = reconnects > 0 ? new Flapping(reconnects) : undefined;
    this.#subscriptions = new SubscriptionBook(config.MAX_SUBSCRIPTIONS_PER_CLIENT);
    this.#retained = new RetainedBook({
      messages: config.MAX_RETAINED_MESSAGES,
      bytes: config.MAX_RETAINED_BYTES,
    });
    this.#sessions = new SessionBook({
      sessions: config.MAX_SESSIONS,
      expiryMs: config.SESSION_EXPIRY_HOURS * 3_600_000,
      queuedMessages: config.MAX_QUEUED_MESSAGES,
      queuedBytes: config.MAX_QUEUED_BYTES,
      queuedBytesTotal: config.MAX_QUEUED_BYTES_TOTAL,
      inflight: config.MAX_INFLIGHT_MESSAGES,
    });
    const bound = areSessionsShared ? boundOwnPart : boundPersistence;
    bound(persistence, {
      book: this.#sessions,
      notices,
      now,
      takeGranted: (client) => this.#subscriptions.takeFresh(client),
    });
  }

  /** Whether this socket may come in. Asked before anything is made for it. */
  admit(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) return false;
    const arrival = this.#admission.arrive(remoteAddress, this.#now());
    if (arrival.kind === "refused") {
      this.#options.notices.tell(arrival.limit, { address: arrival.address });
      return false;
    }
    const { visit } = arrival;
    const key = keyOf(socket);
    this.#visits.set(key, visit);
    socket.once("close", () => {
      this.#visits.delete(key);
      const shutOutForMs = visit.end(this.#now());
      if (shutOutForMs > 0)
        this.#options.notices.tell("address_banned", { address: visit.address, shutOutForMs });
    });
    return true;
  }

  /** Sets the turns and the pace of a caller who was admitted, before anybody reads from it. Answers with what wants to know its client. */
  receive({ stream, socket }: Caller): (client: Client) => void {
    const visit = this.#visits.get(keyOf(socket));
    let client: Client | undefined;
    takeTurns(stream, this.#turns);
    const release = this.#setPace(
      stream,
      () => ({ client: client?.id, address: visit?.address }),
      () => {
        if (client !== undefined) keepAlive(client);
      },
    );
    return (made) => {
      client = made;
      if (visit !== undefined)
        this.#guests.set(made, { visit, release, readyMs: undefined, isExcused: false, hasFailed: false });
    };
  }

  /** Whether this client id has to wait, for its connections broke too often. To be asked of every CONNECT, first. */
  isShutOut(client: Client, clientId: string): boolean {
    const nowMs = this.#now();
    const waitMs = Math.round(this.#reconnects?.waitMs(clientId, nowMs) ?? 0);
    const visit = this.#guests.get(client)?.visit;
    visit?.ask(nowMs);
    if (waitMs === 0) return false;
    visit?.excuse();
    this.#options.notices.tell("client_banned", { client: clientId, waitMs });
    return true;
  }

  /** Whether a client may have one filter more; it then has it. */
  maySubscribe(client: Client, subscription: Subscription): boolean {
    const isGranted = this.#subscriptions.grant(client, subscription);
    const { topic: filter } = subscription;
    if (!isGranted) this.#options.notices.tell("subscriptions", { client: client.id, filter });
    return isGranted;
  }

  /** Whether a client's publish may be retained; it then counts as such. */
  mayRetain(client: Client | null, { topic, payload }: PublishPacket): boolean {
    const limit = this.#retained.retain(topic, payload.length);
    if (limit === undefined) return true;
    this.#options.notices.tell(limit, { client: client?.id, topic });
    // Another broker may have cleared some, or a message that was counted was never stored.
    if (this.#now() - this.#retainedCountedMs > recountMs) void this.#countRetained();
    return false;
  }

  /** Follows the clients of a broker, until `close`. */
  async watch(aedes: Aedes): Promise<void> {
    aedes.on("clientReady", (client) => this.#onReady(client));
    aedes.on("clientDisconnect", (client) => this.#onGone(client));
    aedes.on("clientError", (client, error) => this.#onError(client, error));
    aedes.on("connackSent", ({ returnCode }, client) => {
      const visit = this.#guests.get(client)?.visit;
      // "Server unavailable".
      if (returnCode === 3) visit?.excuse();
      else if (returnCode !== 0) visit?.refuse();
    });
    aedes.on("unsubscribe", (filters, client) => this.#subscriptions.release(client, filters));
    this.#timer = setInterval(() => void this.#endOutdated(), lookIntervalMs);
    this.#timer.unref();
    await this.#countRetained();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #setPace(stream: Caller["stream"], about: () => Record<string, unknown>, onHeld: () => void): () => void {
    const { config, notices } = this.#options;
    const messages = flowOf(config.MAX_MESSAGES_PER_SECOND);
    const bytes = flowOf(config.MAX_BYTES_PER_SECOND);
    if (messages === undefined && bytes === undefined) return () => undefined;
    const pace = new Pace({ messages, bytes }, this.#now());
    return paceReading(stream, {
      pace,
      now: this.#now,
      onHeld: () => {
        notices.tell(pace.cause, about());
        onHeld();
      },
    });
  }

  #onReady(client: Client): void {
    const guest = this.#guests.get(client);
    guest?.visit.becomeKnown();
    if (guest !== undefined) guest.readyMs = this.#now();
    void this.#options.isOwn(client).then((isOwn) => {
      if (isOwn) guest?.release();
    });
    if (client.clean) this.#sessions.forget(client.id);
    else this.#sessions.enter(client.id);
  }

  #onGone(client: Client): void {
    const guest = this.#guests.get(client);
    const nowMs = this.#now();
    const isShort = guest?.readyMs !== undefined && nowMs - guest.readyMs < shortVisitMs;
    if (isShort && !guest.isExcused && !hasSaidGoodbye(client)) this.#countBreak(client.id, nowMs);
    if (client.clean) return;
    if (this.#options.areSessionsShared) {
      // Another broker may have it next, which counts anew.
      this.#sessions.releaseAll(client.id);
      return;
    }
    this.#sessions.leave(client.id, nowMs);
    void this.#endOutdated();
  }

  #countBreak(clientId: string, nowMs: number): void {
    const shutOutForMs = this.#reconnects?.fail(clientId, nowMs) ?? 0;
    if (shutOutForMs > 0) this.#options.notices.tell("client_banned", { client: clientId, shutOutForMs });
  }

  #onError(client: Client, error: Error): void {
    const guest = this.#guests.get(client);
    if (guest === undefined || guest.hasFailed) return;
    guest.hasFailed = true;
    // The platform was not able to: no flapping of the client.
    guest.isExcused = error instanceof PlatformError;
    const limit = limitIn(error);
    if (limit !== undefined) this.#options.notices.tell(limit, { client: client.id, reason: error.message });
  }

  async #countRetained(): Promise<void> {
    this.#retainedCountedMs = this.#now();
    try {
      this.#retained.recount(await this.#retainedByClients());
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, "retained messages not counted");
    }
  }

  async #retainedByClients() {
    const found = [];
    // The stream gives what was stored.
    const stored = this.#options.persistence.createRetainedStream("#") as AsyncIterable<KeptPacket>;
    for await (const { topic = "", payload = "" } of stored) {
      if (parseTopic(topic).kind !== "reserved") found.push({ topic, payloadBytes: payload.length });
    }
    return found;
  }

  async #endOutdated(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    try {
      for (;;) {
        const outdated = this.#sessions.outdated(this.#now());
        if (outdated === undefined) return;
        this.#options.notices.tell(outdated.limit, { client: outdated.clientId });
        await endSession(this.#options.persistence, outdated.clientId);
        if (this.#sessions.isAway(outdated.clientId)) this.#sessions.forget(outdated.clientId);
      }
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, "session not ended yet");
    } finally {
      this.#isEnding = false;
    }
  }
}

/** A connection by its two ends: a socket and the TLS on it are different objects with the same ones. */
function keyOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

/** The limit behind an error that Aedes closes a connection with; it has no other way to tell. */
function limitIn({ message }: Error): LimitName | undefined {
  if (message.includes("too many levels")) return "topic_levels";
  if (message.startsWith(tooManyInflight)) return "inflight";
  return undefined;
}
