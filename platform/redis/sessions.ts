import type {
  Beyond,
  Delivery,
  Enqueued,
  KeptSubscription,
  QueuedMessage,
  SessionListener,
  SharedSessionLimits,
  SharedSessions,
} from "../broker-commons.ts";
import type { LimitName } from "../limits.ts";
import type { Log } from "../telemetry.ts";
import type { RedisChannels } from "./channels.ts";
import { commonsKeys, evaluate, listOf, mapOf, textOf } from "./commons-keys.ts";
import type { RedisClient } from "./connection.ts";
import { RedisRetained } from "./retained.ts";
import { SessionFollower, toSubscriptions } from "./session-follower.ts";
import * as scripts from "./session-scripts.ts";

const pageMessages = 50;
/** A QoS 2 exchange that nobody ends is forgotten. */
const receivedSeconds = 7 * 86_400;

interface RedisSessionsOptions {
  readonly redis: RedisClient;
  readonly channels: RedisChannels;
  readonly limits: SharedSessionLimits;
  readonly log: Log;
}

/** Sessions and retained messages on Redis. */
export class RedisSessions implements SharedSessions {
  readonly #redis: RedisClient;
  readonly #limits: SharedSessionLimits;
  readonly #follower: SessionFollower;
  readonly #retained: RedisRetained;

  constructor({ redis, channels, limits, log }: RedisSessionsOptions) {
    this.#redis = redis;
    this.#limits = limits;
    this.#follower = new SessionFollower({ redis, channels, log });
    this.#retained = new RedisRetained(redis);
  }

  follow(listener: SessionListener): Promise<void> {
    return this.#follower.follow(listener);
  }

  async subscriptionsOf(clientId: string): Promise<readonly KeptSubscription[]> {
    const answer = await this.#run(scripts.listing, "read a session", [clientId]);
    return toSubscriptions(answer);
  }

  async subscribe(clientId: string, subscriptions: readonly KeptSubscription[]): Promise<void> {
    const pairs = subscriptions.flatMap(({ filter, qos }) => [filter, qos]);
    const now = await this.#run(scripts.subscribing, "keep a subscription", [clientId, ...pairs]);
    this.#follower.tell(clientId, now);
  }

  async unsubscribe(clientId: string, filters: readonly string[]): Promise<void> {
    const now = await this.#run(scripts.unsubscribing, "end a subscription", [clientId, ...filters]);
    this.#follower.tell(clientId, now);
  }

  async forget(clientIds: readonly string[]): Promise<void> {
    await this.#run(scripts.forgetting, "end a session", clientIds);
    for (const clientId of clientIds) this.#follower.tell(clientId, []);
  }

  async touch(clientIds: readonly string[]): Promise<void> {
    await this.#run(scripts.touching, "note that a session is in use", clientIds);
  }

  async expire(most: number): Promise<readonly Beyond[]> {
    const { expiryMs, sessions } = this.#limits;
    return toBeyond(await this.#run(scripts.expiring, "end old sessions", [expiryMs, sessions, most]));
  }

  async enqueue({ id, messages, receivers }: Enqueued): Promise<readonly Beyond[]> {
    const { queuedMessages, queuedBytes } = this.#limits;
    const args = [id, queuedMessages, queuedBytes, messages[1], messages[2], ...[...receivers].flat()];
    return toBeyond(await this.#run(scripts.enqueueing, "queue a message", args));
  }

  async note(clientId: string, id: string, delivery: Delivery): Promise<void> {
    await this.#run(scripts.noting, "note a delivery", [clientId, id, toState(delivery)]);
  }

  async settle(clientId: string, id: string): Promise<void> {
    await this.#run(scripts.settling, "settle a delivery", [clientId, id]);
  }

  async *queued(clientId: string): AsyncGenerator<QueuedMessage> {
    let [after, last] = ["0", ""];
    for (;;) {
      const page = listOf(
        await this.#run(scripts.reading, "read a queue", [clientId, after, last, pageMessages]),
      );
      last = textOf(page[0]);
      for (let place = 1; place < page.length; place += 4) {
        const [number, id, message, state] = page.slice(place, place + 4);
        after = textOf(number);
        // The script answers bytes, of which there are none when somebody settled it meanwhile.
        if (message instanceof Uint8Array && message.length > 0) {
          yield { id: textOf(id), message, ...toDelivery(textOf(state)) };
        }
      }
      if (page.length <= 4 * (pageMessages - 1) + 1) return;
    }
  }

  async receive(clientId: string, packetId: number): Promise<void> {
    await this.#run(scripts.receiving, "note a packet id", [clientId, packetId, receivedSeconds]);
  }

  async hasReceived(clientId: string, packetId: number): Promise<boolean> {
    return Number(await this.#run(scripts.asking, "ask for a packet id", [clientId, packetId])) === 1;
  }

  async release(clientId: string, packetId: number): Promise<void> {
    await this.#run(scripts.releasing, "release a packet id", [clientId, packetId]);
  }

  retain(topic: string, message: Uint8Array | null): Promise<void> {
    return this.#retained.retain(topic, message);
  }

  unretain(topic: string, message: Uint8Array): Promise<void> {
    return this.#retained.unretain(topic, message);
  }

  retained(filters: readonly string[]): AsyncIterable<Uint8Array> {
    return this.#retained.matching(filters);
  }

  close(): void {
    this.#follower.close();
  }

  #run(script: string, what: string, args: readonly (string | number | Uint8Array)[]): Promise<unknown> {
    return evaluate(this.#redis, script, { what, key: commonsKeys.sessions, args });
  }
}

function toBeyond(answer: unknown): readonly Beyond[] {
  // The scripts name no other limits than these.
  return [...mapOf(answer)].map(([clientId, limit]) => ({ clientId, limit: limit as LimitName }));
}

function toState({ packetId, isReleased }: Delivery): string {
  return `${isReleased ? "released" : "sent"}:${packetId ?? ""}`;
}

function toDelivery(state: string): Delivery {
  const [stage, packetId = ""] = state.split(":");
  return { packetId: packetId === "" ? undefined : Number(packetId), isReleased: stage === "released" };
}
