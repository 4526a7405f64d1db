import type { Client, Subscription } from "aedes";
import type { KeptSubscription } from "../platform/broker-commons.ts";
import { canHearTelemetry } from "../schema/topics.ts";

/**
 * What a subscriber can hear of telemetry, as a text: "1press-01" that of one device with QoS 1 or 2, "0*" that of any device
 * with QoS 0. A device that is called "*" is taken for any: too much is heard then, never too little.
 */
export type Ear = string;

const anyDevice = "*";

/** The ear of a subscription, or undefined when it hears no telemetry. */
export function earOf({ filter, qos }: KeptSubscription): Ear | undefined {
  if (!canHearTelemetry(filter)) return undefined;
  const [root, device = ""] = filter.split("/");
  const isOne = root === "devices" && device !== "+" && device !== "#";
  return `${qos === 0 ? 0 : 1}${isOne ? device : anyDevice}`;
}

/** Ears, each as often as it was added. */
export class EarCounts {
  readonly #counts = new Map<Ear, number>();

  get open(): readonly Ear[] {
    return [...this.#counts.keys()];
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  has(ear: Ear): boolean {
    return this.#counts.has(ear);
  }

  /** Whether it is the first of its kind. */
  add(ear: Ear): boolean {
    const count = this.#counts.get(ear) ?? 0;
    this.#counts.set(ear, count + 1);
    return count === 0;
  }

  /** Whether it was the last of its kind. */
  remove(ear: Ear): boolean {
    const count = this.#counts.get(ear) ?? 0;
    if (count > 1) this.#counts.set(ear, count - 1);
    else this.#counts.delete(ear);
    return count === 1;
  }

  /** Whether telemetry on this topic is heard, with QoS 1 or 2 if that is what counts. */
  hears(topic: string, leastQos: 0 | 1): boolean {
    if (this.#counts.size === 0) return false;
    const device = topic.slice(deviceAt, topic.indexOf("/", deviceAt));
    if (this.#counts.has("1*") || this.#counts.has(`1${device}`)) return true;
    return leastQos === 0 && (this.#counts.has("0*") || this.#counts.has(`0${device}`));
  }
}

const deviceAt = "devices/".length;

/** Told when the first ear of a kind opens on this broker, and when the last one closes. */
export type OnEar = (ear: Ear, isOpen: boolean) => void;

/** Who can hear telemetry: the clients of this broker, those of other brokers, and kept sessions wherever they are. */
export class Ears {
  readonly #here = new EarCounts();
  readonly #clients = new Map<Client, Map<string, Ear>>();
  readonly #kept = new EarCounts();
  readonly #sessions = new Map<string, readonly Ear[]>();
  readonly #peers = new Map<string, EarCounts>();
  #onEar: OnEar = () => undefined;
  #areSessionsTold = false;

  /** Ears of the clients of this broker. */
  get here(): readonly Ear[] {
    return this.#here.open;
  }

  /** From now on opening and closing is told, and so are the kept sessions, by `keep`. */
  share(onEar: OnEar): void {
    this.#onEar = onEar;
    this.#areSessionsTold = true;
  }

  /** Hears of a subscription before it takes effect; answers whether an ear opened that other brokers have to know of. */
  onSubscribe(client: Client, { topic: filter, qos }: Subscription): boolean {
    const ear = earOf({ filter, qos });
    if (ear === undefined) return false;
    const own = this.#clients.get(client) ?? new Map<string, Ear>();
    this.#clients.set(client, own);
    const former = own.get(filter);
    own.set(filter, ear);
    const isFirst = this.#here.add(ear);
    if (isFirst) this.#onEar(ear, true);
    if (former !== undefined) this.#close(former);
    // In memory nobody tells when a kept session ends, so it counts for good.
    if (!this.#areSessionsTold && !client.clean && qos > 0) this.#kept.add(ear);
    return isFirst;
  }

  onUnsubscribe(client: Client, filters: readonly string[]): void {
    const own = this.#clients.get(client);
    for (const filter of filters) {
      const ear = own?.get(filter);
      if (ear === undefined) continue;
      own?.delete(filter);
      this.#close(ear);
    }
  }

  onDisconnect(client: Client): void {
    for (const ear of this.#clients.get(client)?.values() ?? []) this.#close(ear);
    this.#clients.delete(client);
  }

  /** The subscriptions of a kept session from now on. */
  keep(clientId: string, subscriptions: readonly KeptSubscription[]): void {
    for (const ear of this.#sessions.get(clientId) ?? []) this.#kept.remove(ear);
    const ears = subscriptions
      .filter(({ qos }) => qos > 0)
      .flatMap((subscription) => earOf(subscription) ?? []);
    if (ears.length === 0) this.#sessions.delete(clientId);
    else this.#sessions.set(clientId, ears);
    for (const ear of ears) this.#kept.add(ear);
  }

  /** The ears of another broker from now on; undefined when it is gone. */
  setPeer(id: string, ears: readonly Ear[] | undefined): void {
    this.#peers.delete(id);
    if (ears === undefined || ears.length === 0) return;
    const counts = new EarCounts();
    for (const ear of new Set(ears)) counts.add(ear);
    this.#peers.set(id, counts);
  }

  changePeer(id: string, { opened, closed }: { opened: readonly Ear[]; closed: readonly Ear[] }): void {
    const ears = this.#peers.get(id) ?? new EarCounts();
    for (const ear of closed) ears.remove(ear);
    for (const ear of opened) if (!ears.has(ear)) ears.add(ear);
    if (ears.isEmpty) this.#peers.delete(id);
    else this.#peers.set(id, ears);
  }

  /** Whether somebody, anywhere, is to get telemetry on this topic with QoS 1 or 2. */
  needQos(topic: string): boolean {
    if (this.#here.hears(topic, 1) || this.#kept.hears(topic, 1)) return true;
    for (const ears of this.#peers.values()) if (ears.hears(topic, 1)) return true;
    return false;
  }

  /** Whether somebody, anywhere, can hear telemetry on this topic. */
  areFor(topic: string): boolean {
    if (this.#here.hears(topic, 0) || this.#kept.hears(topic, 0)) return true;
    for (const ears of this.#peers.values()) if (ears.hears(topic, 0)) return true;
    return false;
  }

  /** The other brokers that have a listener for telemetry on this topic. */
  peersHearing(topic: string): readonly string[] {
    if (this.#peers.size === 0) return [];
    const found: string[] = [];
    for (const [id, ears] of this.#peers) if (ears.hears(topic, 0)) found.push(id);
    return found;
  }

  #close(ear: Ear): void {
    if (this.#here.remove(ear)) this.#onEar(ear, false);
  }
}
