import type { Client, PublishPacket } from "aedes";
import type { Arrivals, Membership, SharedSessions } from "../../platform/broker-commons.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Log } from "../../platform/telemetry.ts";
import type { Ear } from "../ears.ts";
import { encodeMessage } from "./message-bytes.ts";

interface Will {
  readonly bytes: Buffer;
  /** Connections under this name whose will is not void yet: an old one ends after the new one has put its own. */
  readonly holders: number;
}

export interface HeldClientsOptions {
  readonly brokerId: string;
  readonly sessions: SharedSessions;
  readonly log: Log;
  /** Told once others can know of it. */
  readonly onArrived: (arrivals: Arrivals) => void;
  /** The client is at another broker by now. */
  readonly onElsewhere: (client: Client) => void;
  readonly onEars: (changes: ReadonlyMap<Ear, boolean>) => void;
}

const none: readonly string[] = [];

/**
 * What this broker holds, and its copy in Redis, which others go by when it is dead. Changes of one turn of the loop are told
 * together. What could not be told is told again, all of it, once Redis is back.
 */
export class HeldClients {
  readonly #options: HeldClientsOptions;
  readonly #clients = new Map<string, Client>();
  /** The numbers of their arrivals, of those that were told. */
  readonly #numbers = new Map<string, number>();
  /** Arrivals elsewhere under a name whose arrival here has no number yet. */
  readonly #contested = new Map<string, number>();
  readonly #wills = new Map<string, Will>();
  readonly #ears = new Set<Ear>();
  #membership: Membership | undefined;
  #news = newNews();
  #telling: Promise<void> | undefined;
  #isLeaving = false;
  /** Something could not be told: the copy is not true. */
  isAmiss = false;

  constructor(options: HeldClientsOptions) {
    this.#options = options;
  }

  get clients(): ReadonlyMap<string, Client> {
    return this.#clients;
  }

  /** Under whose name it is told from now on. */
  speakAs(membership: Membership): void {
    this.#membership = membership;
  }

  onClient(client: Client): void {
    this.#clients.set(client.id, client);
    this.#numbers.delete(client.id);
    this.#news.clients.set(client.id, true);
    // The CONNACK, which comes next, waits for the arrival's number: whoever has one and then connects to another broker arrives
    // there later, whichever of the two is quicker to tell. Nobody waits for a Redis that is away.
    if (this.isAmiss) return void this.#tellSoon();
    client.conn.cork();
    void this.#tellSoon().finally(() => client.conn.uncork());
  }

  onDisconnect(client: Client): void {
    if (this.#clients.get(client.id) !== client) return;
    this.#clients.delete(client.id);
    this.#numbers.delete(client.id);
    this.#contested.delete(client.id);
    this.#news.clients.set(client.id, false);
    if (!client.clean) this.#news.touched.add(client.id);
    void this.#tellSoon();
  }

  /** A client arrived at another broker. Of two connections under one name the later one stays. */
  onArrivedElsewhere(clientId: string, number: number): void {
    const client = this.#clients.get(clientId);
    if (client === undefined) return;
    const own = this.#numbers.get(clientId);
    if (own === undefined) this.#contested.set(clientId, number);
    else if (own < number) this.#options.onElsewhere(client);
  }

  #numberArrivals({ clientIds, number }: Arrivals): void {
    for (const clientId of clientIds) {
      const client = this.#clients.get(clientId);
      if (client === undefined) continue;
      this.#numbers.set(clientId, number);
      const other = this.#contested.get(clientId);
      this.#contested.delete(clientId);
      if (other !== undefined && other > number) this.#options.onElsewhere(client);
    }
    this.#options.onArrived({ clientIds, number });
  }

  /** Resolves when it was told, or could not be. */
  putWill(clientId: string, will: PublishPacket): Promise<void> {
    const { topic, qos, retain: isRetained } = will;
    const payload = Buffer.from(will.payload);
    const bytes = encodeMessage({
      topic,
      payload,
      qos,
      isRetained,
      clientId,
      brokerId: this.#options.brokerId,
      number: 0,
    });
    this.#wills.set(clientId, { bytes, holders: (this.#wills.get(clientId)?.holders ?? 0) + 1 });
    this.#news.wills.set(clientId, bytes);
    return this.#tellSoon();
  }

  dropWill(clientId: string): void {
    const will = this.#wills.get(clientId);
    if (will === undefined) return;
    if (will.holders > 1) {
      this.#wills.set(clientId, { ...will, holders: will.holders - 1 });
      return;
    }
    this.#wills.delete(clientId);
    this.#news.wills.set(clientId, null);
    void this.#tellSoon();
  }

  onEar(ear: Ear, isOpen: boolean): void {
    if (isOpen) this.#ears.add(ear);
    else this.#ears.delete(ear);
    this.#news.ears.set(ear, isOpen);
    void this.#tellSoon();
  }

  /** Resolves when what is new was told, or could not be. */
  async told(): Promise<void> {
    await this.#telling;
  }

  /** Tells everything: nobody knows it (any more). @throws PlatformError STREAM_DOWN. */
  async tellAll(): Promise<void> {
    await this.#telling;
    const { isClean } = this.#takeNews();
    const arrived = [...this.#clients.keys()].filter((clientId) => !this.#numbers.has(clientId));
    this.isAmiss = false;
    try {
      await this.#membership?.untell();
      const arrivals = await this.#membership?.tell({
        arrived,
        kept: this.#numbers,
        left: none,
        wills: new Map([...this.#wills].map(([clientId, { bytes }]) => [clientId, bytes])),
        ears: new Map([...this.#ears].map((ear) => [ear, true])),
      });
      for (const each of arrivals ?? []) this.#numberArrivals(each);
      await this.#tellSessions(
        isClean,
        [...this.#clients.values()].filter(({ clean }) => !clean).map(({ id }) => id),
      );
    } catch (error) {
      this.isAmiss = true;
      for (const clientId of arrived) this.#news.clients.set(clientId, true);
      throw error;
    }
    this.#options.onEars(new Map([...this.#ears].map((ear) => [ear, true])));
  }

  /** From now on nothing is told: the broker leaves, and what it held is for the others to settle. */
  leave(): void {
    this.#isLeaving = true;
  }

  #tellSoon(): Promise<void> {
    if (this.#isLeaving) return Promise.resolve();
    this.#telling ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#telling = undefined;
        this.#tell().then(resolve, (error: unknown) => {
          this.isAmiss = true;
          this.#options.log.debug({ reason: messageOf(error) }, "not told what this broker holds");
          resolve();
        });
      });
    });
    return this.#telling;
  }

  async #tell(): Promise<void> {
    const { arrived, left, wills, ears, isClean, touched } = this.#takeNews();
    try {
      const arrivals = await this.#membership?.tell({ arrived, left, wills, ears });
      for (const each of arrivals ?? []) this.#numberArrivals(each);
      if (ears.size > 0) this.#options.onEars(ears);
      await this.#tellSessions(isClean, touched);
    } catch (error) {
      for (const clientId of arrived) {
        if (!this.#news.clients.has(clientId)) this.#news.clients.set(clientId, true);
      }
      throw error;
    }
  }

  /** Who comes with a clean session has no other, here or anywhere. */
  async #tellSessions(clean: readonly string[], touched: readonly string[]): Promise<void> {
    const { sessions } = this.#options;
    for (let from = 0; from < clean.length; from += atATime)
      await sessions.forget(clean.slice(from, from + atATime));
    for (let from = 0; from < touched.length; from += atATime)
      await sessions.touch(touched.slice(from, from + atATime));
  }

  #takeNews() {
    const { clients, wills, ears, touched } = this.#news;
    this.#news = newNews();
    const arrived = [...clients].flatMap(([clientId, isHere]) =>
      isHere && this.#clients.has(clientId) ? [clientId] : [],
    );
    const left = [...clients].flatMap(([clientId, isHere]) => (isHere ? [] : [clientId]));
    const isClean = arrived.filter((clientId) => this.#clients.get(clientId)?.clean === true);
    const kept = arrived.filter((clientId) => this.#clients.get(clientId)?.clean === false);
    return { arrived, left, wills, ears, isClean, touched: [...touched, ...kept] };
  }
}

const atATime = 1000;

function newNews() {
  return {
    clients: new Map<string, boolean>(),
    wills: new Map<string, Buffer | null>(),
    ears: new Map<Ear, boolean>(),
    /** Kept sessions that were in use until now. */
    touched: new Set<string>(),
  };
}
