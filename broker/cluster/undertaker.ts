import type { Aedes, PublishPacket } from "aedes";
import type { LostClient, Membership } from "../../platform/broker-commons.ts";
import { messageOf, PlatformError } from "../../platform/errors.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import { decodeMessage } from "./message-bytes.ts";

/** Told of clients whose broker died and that no other broker has. */
export type OnLost = (clientIds: readonly string[]) => Promise<void> | void;

export interface UndertakerOptions {
  readonly aedes: Aedes;
  readonly onLost: OnLost;
  readonly log: Log;
  readonly metrics: Metrics;
}

const clientsAtATime = 100;

/** Settles what dead brokers leave behind: the wills of their clients are published, once, and whoever asked hears of the clients. */
export class Undertaker {
  readonly #options: UndertakerOptions;
  readonly #underWay = new Set<string>();

  constructor(options: UndertakerOptions) {
    this.#options = options;
  }

  /**
   * Settles the affairs of a broker that this one has buried. A failure leaves the rest for the next call; a client is settled when
   * its will was published.
   */
  async settle(membership: Membership, dead: string): Promise<void> {
    if (this.#underWay.has(dead)) return;
    this.#underWay.add(dead);
    const { log, metrics, onLost } = this.#options;
    let [clients, wills] = [0, 0];
    try {
      for (;;) {
        const lost = await membership.lost(dead, clientsAtATime);
        if (lost.length === 0) break;
        await Promise.all(lost.map((client) => this.#speak(client)));
        const clientIds = lost.map(({ clientId }) => clientId);
        await onLost(clientIds);
        await membership.settle(dead, clientIds);
        clients += lost.length;
        wills += lost.filter(({ will }) => will !== undefined).length;
      }
      await membership.closeGrave(dead);
      metrics.brokersBuried.inc();
      log.warn({ broker: dead, clients, wills }, "a broker is dead, what its clients left is settled");
    } catch (error) {
      log.warn({ broker: dead, reason: messageOf(error) }, "a dead broker is not settled yet");
    } finally {
      this.#underWay.delete(dead);
    }
  }

  /** @throws PlatformError when the same may succeed later. */
  async #speak({ clientId, will }: LostClient): Promise<void> {
    const message = will === undefined ? undefined : decodeMessage(will);
    if (message === undefined) return;
    const { topic, qos, isRetained: retain } = message;
    const packet: PublishPacket = {
      cmd: "publish",
      topic,
      payload: Buffer.from(message.payload),
      qos,
      retain,
      dup: false,
    };
    try {
      await this.#publish(packet);
    } catch (error) {
      if (error instanceof PlatformError && error.retryable) throw error;
      this.#options.log.info({ client: clientId, topic, reason: messageOf(error) }, "will not published");
    }
  }

  #publish(packet: PublishPacket): Promise<void> {
    const { aedes } = this.#options;
    return new Promise((resolve, reject) => {
      const then = (next: () => void) => (error?: Error | null) => (error ? reject(error) : next());
      aedes.authorizePublish(
        null,
        packet,
        then(() => aedes.publish(packet, then(resolve))),
      );
    });
  }
}
