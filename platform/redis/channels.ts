import type { Log } from "../telemetry.ts";
import { connectRedis, type RedisClient, redisFailure } from "./connection.ts";

/**
 * A connection that hears what is published on channels of Redis. It subscribes again by itself after Redis was away; what was
 * published meanwhile is lost, so whoever needs all of it counts.
 */
export class RedisChannels {
  readonly #redis: RedisClient;
  readonly #listeners = new Map<string, (bytes: Buffer) => void>();

  private constructor(redis: RedisClient) {
    this.#redis = redis;
    redis.on("messageBuffer", (channel: Buffer, bytes: Buffer) => {
      this.#listeners.get(channel.toString())?.(bytes);
    });
  }

  static async open(url: string, log: Log, near: RedisClient): Promise<RedisChannels> {
    return new RedisChannels(await connectRedis(url, log, { blocking: false, near }));
  }

  async hear(channel: string, listener: (bytes: Buffer) => void): Promise<void> {
    this.#listeners.set(channel, listener);
    await this.#redis.subscribe(channel).catch((cause: unknown) => {
      this.#listeners.delete(channel);
      throw redisFailure(`hear ${channel}`, cause);
    });
  }

  async deafen(channel: string): Promise<void> {
    this.#listeners.delete(channel);
    await this.#redis.unsubscribe(channel).catch((cause: unknown) => {
      throw redisFailure(`leave ${channel}`, cause);
    });
  }

  /** Connects anew: Redis answers others, and this connection has fallen silent. */
  renew(): void {
    this.#redis.disconnect(true);
  }

  close(): void {
    this.#redis.disconnect();
  }
}
