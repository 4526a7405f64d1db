import type { Aedes, Client } from "aedes";
import type { PresenceStore } from "../../platform/devices/presence-ports.ts";
import { messageOf, PlatformError } from "../../platform/errors.ts";
import type { Clock, EventStream } from "../../platform/ports.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import type { Principal } from "../../schema/access.ts";
import { type Presence, type PresenceReason, saysOffline, toStatus } from "../../schema/presence.ts";
import { isDeviceId } from "../../schema/reading.ts";
import { statusTopic } from "../../schema/topics.ts";
import type { Persistence } from "../persistence.ts";
import { within } from "./deadline.ts";
import { Roster } from "./roster.ts";

export interface PresenceDeps {
  readonly aedes: Aedes;
  /** Without one presence is told on MQTT alone. */
  readonly store: PresenceStore | null;
  readonly events: Pick<EventStream, "hint">;
  readonly principalOf: (client: Client) => Principal;
  /** Of this life of the broker; a UUID. */
  readonly brokerId: string;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** How often it is looked what is to be told. What comes and goes within it is not worth a word. */
const lookMs = 100;
const beatMs = 1000;
/** A broker that gave no sign of life for so long is dead; one that was only slow says so when it comes back. */
const deadMs = 3000;
const answerMs = 10_000;
/** Told at a time, so that ten thousand devices that arrive together hold nobody else up. */
const portion = 250;
const restorePage = 1000;

/** Tells who is connected: retained on `devices/{id}/status`, in the database, and to the consoles that look. */
export class PresenceKeeper {
  readonly #deps: PresenceDeps;
  readonly #roster = new Roster<Client>();
  readonly #registered = new WeakSet<Client>();
  /** Nothing more is learnt from what these say. */
  readonly #spoke = new WeakSet<Client>();
  /** Told, and not in the database yet. */
  readonly #unsaved = new Map<string, Presence>();
  readonly #beating: NodeJS.Timeout;
  #looking: NodeJS.Timeout | undefined;
  #isSaving = false;
  #isBeating = false;
  #isStopped = false;
  #hasBeaten = false;
  /** Since when signs of life succeed without a gap: whoever was away itself judges nobody else. */
  #steadySinceMs = Number.POSITIVE_INFINITY;
  #lastBeatMs = Number.NEGATIVE_INFINITY;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.#beating = setInterval(() => void this.#beat(), beatMs);
    this.#beating.unref();
    void this.#beat();
    void this.#restore();
    deps.aedes.subscribe(
      statusTopic("+"),
      (packet, done) => {
        // Two brokers can tell of one device in either order; the last word is the one's who has it.
        const isForeign = packet.brokerId !== deps.aedes.id;
        if (isForeign && saysOffline(Buffer.from(packet.payload)))
          this.#insist(packet.topic.split("/")[1] ?? "");
        done();
      },
      () => undefined,
    );
  }

  /** A client is in; which device it is shows from who it is, or from what it says. */
  register(client: Client): void {
    this.#registered.add(client);
    const principal = this.#deps.principalOf(client);
    if (principal.kind === "device") this.#arrive(client, principal.deviceId);
    else if (principal.kind === "anyone" && this.#spoke.has(client)) this.#arrive(client, client.id);
  }

  /**
   * A client published on this topic, or subscribed to this filter. Where nobody is asked who they are, a client is a device once it
   * uses topics of the device that its client id names; so a program with a random id, and a gateway of many devices, is none.
   */
  heard(client: Client, topic: string): void {
    if (this.#spoke.has(client) || !topic.startsWith("devices/")) return;
    if (this.#deps.principalOf(client).kind !== "anyone") this.#spoke.add(client);
    else if (topic.startsWith(`devices/${client.id}/`) && isDeviceId(client.id)) {
      this.#spoke.add(client);
      // What a kept session is subscribed to is heard before its client is in.
      if (this.#registered.has(client)) this.#arrive(client, client.id);
    }
  }

  leave(client: Client, reason: PresenceReason): void {
    this.#roster.leave(client, reason, this.#deps.now());
    this.#soon();
  }

  /**
   * The broker of these clients died, and no other has them. With a store the devices among them are known from there; without one, from
   * what was retained of them.
   */
  async lost(clientIds: readonly string[]): Promise<void> {
    const { aedes, store, now } = this.#deps;
    if (store !== null) return;
    const devices = clientIds.map((clientId) => clientId.split("/")[0] ?? "").filter(isDeviceId);
    const news: Presence[] = [];
    for await (const { topic, payload } of retainedOn(aedes, devices.map(statusTopic))) {
      const deviceId = topic.split("/")[1] ?? "";
      if (saysOffline(Buffer.from(payload)) || this.#roster.isOnline(deviceId)) continue;
      news.push({ deviceId, isOnline: false, sinceUs: now(), reason: "broker_died" });
    }
    await this.#tell(news);
    await this.#save();
  }

  /** Tells that all are away, while there still is somebody who can hear it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#beating);
    clearTimeout(this.#looking);
    const { store, brokerId, now, log } = this.#deps;
    await this.#tell(this.#roster.close("broker_stopped", now()));
    await within(2000, async () => store?.leave(brokerId)).catch((error: unknown) => {
      log.debug({ reason: messageOf(error) }, "left without a word; the others will notice");
    });
  }

  #arrive(client: Client, deviceId: string): void {
    if (client.closed) return;
    this.#roster.arrive({ connection: client, clientId: client.id, deviceId, atUs: this.#deps.now() });
    this.#soon();
  }

  #insist(deviceId: string): void {
    this.#roster.insist(deviceId);
    this.#soon();
  }

  #soon(): void {
    if (this.#isStopped) return;
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      void this.#tell(this.#roster.take()).then(() => this.#save());
    }, lookMs);
  }

  async #tell(news: readonly Presence[]): Promise<void> {
    const { aedes, events, metrics } = this.#deps;
    metrics.devicesConnected.set(this.#roster.size);
    for (let at = 0; at < news.length; at += portion) {
      const changes = news.slice(at, at + portion);
      for (const presence of changes) {
        this.#unsaved.set(presence.deviceId, presence);
        publishStatus(aedes, presence);
      }
      events.hint({ kind: "presence", changes });
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** One write at a time, so that what is told last is written last. */
  async #save(): Promise<void> {
    const { store, brokerId, log } = this.#deps;
    // Before it is known as a broker nobody would notice its end.
    if (store === null) this.#unsaved.clear();
    if (store === null || this.#isSaving || !this.#hasBeaten) return;
    this.#isSaving = true;
    try {
      while (this.#unsaved.size > 0) {
        const changes = [...this.#unsaved.values()].slice(0, restorePage);
        await within(answerMs, () => store.save(brokerId, changes));
        for (const presence of changes)
          if (this.#unsaved.get(presence.deviceId) === presence) this.#unsaved.delete(presence.deviceId);
      }
    } catch (error) {
      log.debug({ reason: messageOf(error), devices: this.#unsaved.size }, "presence not saved yet");
    } finally {
      this.#isSaving = false;
    }
  }

  async #beat(): Promise<void> {
    const { store, brokerId, log } = this.#deps;
    if (store === null || this.#isBeating || this.#isStopped) return;
    this.#isBeating = true;
    const nowMs = performance.now();
    if (nowMs - this.#lastBeatMs > 2 * beatMs) this.#steadySinceMs = nowMs;
    try {
      const mayBury = nowMs - this.#steadySinceMs > deadMs;
      const { isNew, buried } = await within(answerMs, () => store.beat(brokerId, { deadMs, mayBury }));
      this.#lastBeatMs = performance.now();
      // Others took this broker for dead.
      if (isNew && this.#hasBeaten) this.#roster.insistOnAll();
      this.#hasBeaten = true;
      if (buried.length > 0) log.info({ devices: buried.length }, "devices of a dead broker are offline");
      for (const { deviceId } of buried) this.#roster.insist(deviceId);
      await this.#tell(buried.filter(({ deviceId }) => !this.#roster.isOnline(deviceId)));
      this.#soon();
    } catch (error) {
      this.#steadySinceMs = Number.POSITIVE_INFINITY;
      log.debug({ reason: messageOf(error) }, "no sign of life given");
    } finally {
      this.#isBeating = false;
    }
  }

  /** Retained messages may have ended with a broker before this one. */
  async #restore(): Promise<void> {
    const { store, aedes } = this.#deps;
    let after: string | undefined = "";
    while (store !== null && after !== undefined && !this.#isStopped) {
      const from: string = after;
      const page = await within(answerMs, () => store.offline({ after: from, limit: restorePage })).catch(
        (error: unknown) => (error instanceof PlatformError ? undefined : Promise.reject(error)),
      );
      if (page !== undefined) {
        for (const presence of page)
          if (!this.#roster.isOnline(presence.deviceId)) publishStatus(aedes, presence);
        after = page.length < restorePage ? undefined : page.at(-1)?.deviceId;
      }
      await new Promise((resolve) => setTimeout(resolve, page === undefined ? beatMs : lookMs).unref());
    }
  }
}

interface Retained {
  readonly topic: string;
  readonly payload: string | Uint8Array;
}

function retainedOn(aedes: Aedes, topics: readonly string[]): AsyncIterable<Retained> {
  // Its types do not name what it keeps retained messages in, which gives what was published.
  const { persistence } = aedes as unknown as { persistence: Pick<Persistence, "createRetainedStreamCombi"> };
  return persistence.createRetainedStreamCombi(topics) as AsyncIterable<Retained>;
}

function publishStatus(aedes: Aedes, presence: Presence): void {
  const packet = {
    cmd: "publish",
    topic: statusTopic(presence.deviceId),
    payload: Buffer.from(toStatus(presence)),
    qos: 1,
    retain: true,
    dup: false,
  } as const;
  // A subscriber that cannot be reached is Aedes' affair; there is nobody to answer to.
  aedes.publish(packet, () => undefined);
}
