import { randomUUID } from "node:crypto";
import type { Aedes, AedesOptions, Client } from "aedes";
import type { Arrivals, BrokerCommons, Membership, Roll } from "../../platform/broker-commons.ts";
import { messageOf, PlatformError } from "../../platform/errors.ts";
import type { LimitNotices } from "../../platform/limit-notices.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import { isTelemetryTopic } from "../../schema/topics.ts";
import type { Ears } from "../ears.ts";
import type { Persistence } from "../persistence.ts";
import { HeldClients } from "./held-clients.ts";
import { decodeLetter, type PeerMessage } from "./peer-message.ts";
import { PeerNews } from "./peer-news.ts";
import { PeerPost } from "./peer-post.ts";
import { RollCall } from "./roll-call.ts";
import { type OutgoingPacket, SessionQueues } from "./session-queues.ts";
import { SharedEmitter } from "./shared-emitter.ts";
import { SharedPersistence } from "./shared-persistence.ts";
import { type OnLost, Undertaker } from "./undertaker.ts";

export interface ClusterOptions {
  readonly commons: BrokerCommons;
  readonly ears: Ears;
  readonly notices: LimitNotices;
  /** A client of this broker is at another one by now, and about to be closed here. */
  readonly onElsewhere: (client: Client) => void;
  readonly onLost: OnLost;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A sign of life so often, ms. */
const beatMs = 500;
// A broker that is dead is buried at most silence + beat after its last sign, which leaves a second of the five for the wills. Less
// silence would bury brokers that collect garbage, or wait for a processor, and cost their clients a connection.
const silenceMs = 3000;
const gapMs = 1500;
/** Redis counts as away when it owes the answer to a sign of life for so long. */
const awayMs = 2000;
const expiryCheckMs = 60_000;
const sessionsAtATime = 200;

/** One of several brokers on the same Redis: what it shares, what it passes on, and what it does when another one dies. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #brokerId = randomUUID();
  readonly #held: HeldClients;
  readonly #post: PeerPost;
  readonly #queues: SessionQueues;
  readonly #emitter: SharedEmitter;
  readonly #persistence: SharedPersistence;
  #rollCall = newRollCall();
  #membership: Membership;
  #undertaker: Undertaker | undefined;
  #peers: readonly string[] = [];
  readonly #news: PeerNews;
  #earNumber = 0;
  #arrivalCount = 0;
  #beats = 0;
  #askedMs: number | undefined;
  #hasFailed = false;
  #timers: NodeJS.Timeout[] = [];
  /** Their wills are not to be published: the others did, or the client lives elsewhere. */
  readonly #mourned = new WeakSet<Client>();

  private constructor(options: ClusterOptions, membership: Membership) {
    this.#options = options;
    this.#membership = membership;
    const { commons, ears, notices, log, metrics } = options;
    const { sessions } = commons;
    this.#post = new PeerPost(membership, metrics);
    const queues = new SessionQueues({ sessions, notices, log });
    this.#queues = queues;
    const peers = () => this.#peers;
    this.#emitter = new SharedEmitter({
      brokerId: this.#brokerId,
      ears,
      post: this.#post,
      queues,
      peers,
      log,
    });
    this.#held = new HeldClients({
      ...{ brokerId: this.#brokerId, sessions, log },
      onArrived: (arrivals) => this.#announce(arrivals),
      onElsewhere: (client) => {
        // Its will would come after what the client says at its new broker, and say that it is gone.
        this.#mourned.add(client);
        options.onElsewhere(client);
        this.#emitter.announce(client.id);
      },
      onEars: (changes) => this.#tellEars(changes),
    });
    this.#news = new PeerNews({
      ears,
      onArrivedElsewhere: (clientId, number) => this.#held.onArrivedElsewhere(clientId, number),
    });
    this.#held.speakAs(membership);
    ears.share((ear, isOpen) => this.#held.onEar(ear, isOpen));
    this.#persistence = new SharedPersistence({
      ...{ sessions, queues, ears, log },
      ...{ emitter: this.#emitter, held: this.#held },
    });
  }

  /**
   * Takes a place among the brokers on the Redis of `commons`.
   * @throws PlatformError STREAM_DOWN.
   */
  static async join(options: ClusterOptions): Promise<Cluster> {
    let cluster: Cluster | undefined;
    const membership = await options.commons.join((bytes) => cluster?.hear(bytes));
    cluster = new Cluster(options, membership);
    return cluster;
  }

  /** What Aedes is to be created with. */
  get aedesOptions(): Pick<AedesOptions, "id" | "mq"> {
    return { id: this.#brokerId, mq: this.#emitter };
  }

  get persistence(): Persistence {
    return this.#persistence;
  }

  /** Begins to live: the others know of this broker when it resolves. */
  async start(aedes: Aedes): Promise<void> {
    const { onLost, log, metrics, commons } = this.#options;
    this.#undertaker = new Undertaker({ aedes, onLost, log, metrics });
    aedes.on("client", (client) => this.#held.onClient(client));
    aedes.on("clientDisconnect", (client) => this.#held.onDisconnect(client));
    await this.#beat();
    const { notices } = this.#options;
    const expire = (): void => {
      commons.sessions.expire(sessionsAtATime).then(
        (ended) => {
          for (const { clientId, limit } of ended) notices.tell(limit, { client: clientId });
        },
        (error: unknown) => log.debug({ reason: messageOf(error) }, "old sessions not ended"),
      );
    };
    this.#timers = [setInterval(() => void this.#beat(), beatMs), setInterval(expire, expiryCheckMs)];
  }

  /** Resolves when the others can know what a client of this broker can hear. */
  earsTold(): Promise<void> {
    return this.#held.told();
  }

  /**
   * Why a publish cannot be acknowledged now, or undefined. Readings need the stream alone; anything else may have to be queued,
   * here.
   */
  refusalOf(topic: string): PlatformError | undefined {
    const isLate = this.#askedMs !== undefined && performance.now() - this.#askedMs > awayMs;
    if ((!this.#hasFailed && !isLate) || isTelemetryTopic(topic)) return undefined;
    return new PlatformError("STREAM_DOWN", "Redis is away, where brokers keep sessions", {
      retryable: true,
    });
  }

  /** Whether a message goes to this client already, from its queue. */
  isUnderWay(client: Client, packet: OutgoingPacket): boolean {
    return this.#queues.isUnderWay(client, packet);
  }

  /** Whether nothing is to be heard of this client any more: it is at another broker, or its will was published by one. */
  isMourned(client: Client | null): boolean {
    return client !== null && this.#mourned.has(client);
  }

  /** Tells nothing more: what its clients leave is for the others to settle, once they miss this broker. */
  leave(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#held.leave();
  }

  /** Hears no others any more. */
  async stop(): Promise<void> {
    this.leave();
    await this.#membership.leave().catch((error: unknown) => {
      this.#options.log.debug({ reason: messageOf(error) }, "left without a word");
    });
  }

  hear(bytes: Uint8Array): void {
    const letter = decodeLetter(bytes);
    if (letter === undefined) {
      this.#options.log.debug({ bytes: bytes.length }, "something that no broker sent is passed over");
      return;
    }
    if (!this.#peers.includes(letter.from)) this.#peers = [...this.#peers, letter.from];
    for (const message of letter.messages) this.#take(letter.from, message);
  }

  #take(from: string, message: PeerMessage): void {
    switch (message.kind) {
      case "message":
        this.#emitter.deliver(message.message);
        return;
      case "arrived":
      case "ears":
        this.#news.hear(from, message);
        return;
    }
  }

  #announce({ clientIds, number }: Arrivals): void {
    this.#arrivalCount += 1;
    this.#post.send(this.#peers, { kind: "arrived", number, count: this.#arrivalCount, clientIds });
  }

  #tellEars(changes: ReadonlyMap<string, boolean>): void {
    this.#earNumber += 1;
    const opened = [...changes].flatMap(([ear, isOpen]) => (isOpen ? [ear] : []));
    const closed = [...changes].flatMap(([ear, isOpen]) => (isOpen ? [] : [ear]));
    this.#post.send(this.#peers, { kind: "ears", number: this.#earNumber, opened, closed });
  }

  async #beat(): Promise<void> {
    if (this.#askedMs !== undefined) return;
    this.#askedMs = performance.now();
    try {
      this.#beats += 1;
      const roll = await this.#membership.beat(`${this.#beats}:${this.#earNumber}:${this.#arrivalCount}`);
      if (this.#hasFailed) this.#options.log.info("Redis is back, sessions are shared again");
      this.#hasFailed = false;
      if (roll.isBuried) await this.#rise();
      else await this.#answer(roll);
    } catch (error) {
      if (!this.#hasFailed) this.#options.log.warn({ reason: messageOf(error) }, "no sign of life given");
      this.#hasFailed = true;
    } finally {
      this.#askedMs = undefined;
    }
  }

  async #answer({ isKnown, signs, graves }: Roll): Promise<void> {
    const own = this.#membership.id;
    const { living, dead } = this.#rollCall.look(signs, performance.now());
    await this.#meet(
      living.filter((id) => id !== own),
      signs,
    );
    if (!isKnown || this.#held.isAmiss) await this.#held.tellAll();
    for (const { id, sign } of dead) {
      if (id !== own && (await this.#membership.bury(id, { sign })))
        void this.#undertaker?.settle(this.#membership, id);
    }
    for (const [id, undertaker] of graves) {
      const isMine = undertaker === own;
      const isAbandoned = !isMine && !signs.has(undertaker);
      if (isMine || (isAbandoned && (await this.#membership.bury(id, { undertaker })))) {
        void this.#undertaker?.settle(this.#membership, id);
      }
    }
  }

  /** Learns who lives, and what those told that was missed. */
  async #meet(living: readonly string[], signs: ReadonlyMap<string, string>): Promise<void> {
    this.#news.keepOnly(living);
    this.#peers = living;
    this.#options.metrics.peers.set(living.length);
    for (const id of living) {
      const [, ears = 0, arrivals = 0] = (signs.get(id) ?? "").split(":").map(Number);
      await this.#news.catchUp(id, { ears, arrivals }, this.#membership);
    }
  }

  /**
   * The others took this broker for dead: it stood still for too long. Its clients' wills are published, so their connections end,
   * and it begins anew under another name.
   */
  async #rise(): Promise<void> {
    const { log, commons } = this.#options;
    const clients = [...this.#held.clients.values()];
    const former = this.#membership;
    this.#membership = await commons.join((bytes) => this.hear(bytes));
    log.warn(
      { clients: clients.length },
      "this broker stood still and was taken for dead; its clients connect again",
    );
    this.#rollCall = newRollCall();
    this.#held.speakAs(this.#membership);
    this.#post.rename(this.#membership);
    for (const client of clients) {
      this.#mourned.add(client);
      client.close();
    }
    await former.leave();
  }
}

function newRollCall(): RollCall {
  return new RollCall({ silenceMs, gapMs });
}
