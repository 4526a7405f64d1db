import { connect, type MqttClient } from "mqtt";
import { clientIdAt } from "./account.ts";
import { createDice } from "./dice.ts";
import type { Message } from "./factory.ts";
import { createOutbox, type OutboxCounts } from "./outbox.ts";

export interface LinkCounts extends OutboxCounts {
  readonly reconnects: number;
}

export interface LinkOptions {
  readonly mqttUrl: string;
  readonly clientId: string;
  readonly qos: 0 | 1;
  /** Most messages on the way at a time. */
  readonly inFlight: number;
  /** Most messages kept until they are acknowledged. */
  readonly bufferLimit: number;
  /** Of the dice that spread the reconnects of a fleet. */
  readonly seed: number;
}

const firstPauseMs = 500;
const longestPauseMs = 10_000;
const goodbyeMs = 1_000;

/** What an MQTT device does with its messages: keep, send in order, keep until acknowledged, come back. */
export class DeviceLink {
  readonly #options: LinkOptions;
  readonly #outbox;
  readonly #dice;
  readonly #watchers = new Set<() => void>();
  #client: MqttClient | undefined;
  #isConnected = false;
  #connections = 0;
  #failures = 0;
  #trouble: string | undefined = "not connected yet";
  #isClosed = false;
  #pause: NodeJS.Timeout | undefined;

  /** Connects, and reconnects with growing pauses, until it is closed. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#outbox = createOutbox(options.bufferLimit);
    this.#dice = createDice(options.seed);
    this.#dial();
  }

  /** Keeps a message and sends it in its turn; a full buffer drops its oldest. */
  offer(message: Message): void {
    if (this.#isClosed) return;
    this.#outbox.offer(message);
    this.#pump();
  }

  /** Waits for the first connection; false when the link is closed. */
  ready(): Promise<boolean> {
    return this.#until(() => this.#connections > 0);
  }

  /** Waits until a message offered now would be sent at once; false when the link is closed. */
  room(): Promise<boolean> {
    return this.#until(() => this.#isConnected && this.#outbox.size() < this.#options.inFlight);
  }

  /** Waits until everything is acknowledged; false when the link is closed or the deadline, if any, is over. */
  drained(deadlineMs?: number): Promise<boolean> {
    return this.#until(() => this.#outbox.size() === 0, deadlineMs);
  }

  isConnected(): boolean {
    return this.#isConnected;
  }

  /** Why there is no connection, in the words of the network; undefined while there is one. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  counts(): LinkCounts {
    return { ...this.#outbox.counts(), reconnects: Math.max(0, this.#connections - 1) };
  }

  /** Says goodbye and stops; what is not acknowledged is given up. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    // mqtt.js waits for ever for what is on the way, so it may be polite only when nothing is.
    const abrupt = !this.#isConnected || this.#outbox.flying() > 0;
    this.#isClosed = true;
    this.#isConnected = false;
    clearTimeout(this.#pause);
    this.#tellWatchers();
    const client = this.#client;
    if (client === undefined) return;
    const impatience = setTimeout(() => client.stream.destroy(), goodbyeMs);
    await client.endAsync(abrupt);
    clearTimeout(impatience);
  }

  // A new client for each attempt: mqtt.js would send what is on the way again by rules of its own.
  #dial(): void {
    const { mqttUrl } = this.#options;
    const clientId = clientIdAt(mqttUrl, this.#options.clientId);
    const client = connect(mqttUrl, { clientId, reconnectPeriod: 0, connectTimeout: 10_000, keepalive: 30 });
    this.#client = client;
    client.on("connect", () => {
      this.#connections += 1;
      this.#isConnected = true;
      this.#trouble = undefined;
      this.#pump();
    });
    client.on("error", (error) => {
      this.#trouble = reasonOf(error);
    });
    client.once("close", () => this.#hangUp(client));
  }

  #hangUp(client: MqttClient): void {
    if (this.#isClosed || client !== this.#client) return;
    client.end(true);
    this.#client = undefined;
    this.#isConnected = false;
    this.#trouble ??= "connection lost";
    this.#outbox.recall();
    const ceilingMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#pause = setTimeout(() => this.#dial(), ceilingMs * (0.5 + 0.5 * this.#dice()));
  }

  #pump(): void {
    const client = this.#client;
    while (client !== undefined && this.#isConnected && this.#outbox.flying() < this.#options.inFlight) {
      const entry = this.#outbox.next();
      if (entry === undefined) break;
      const { topic, payload } = entry.message;
      client.publish(topic, payload, { qos: this.#options.qos }, (error) => {
        if (error || client !== this.#client) return;
        // Only an acknowledgement proves the connection; a broker that accepts and hangs up is still a failure.
        this.#failures = 0;
        this.#outbox.settle(entry);
        this.#pump();
      });
    }
    this.#tellWatchers();
  }

  #tellWatchers(): void {
    for (const watch of this.#watchers) watch();
  }

  #until(isReached: () => boolean, deadlineMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#watchers.delete(watch);
        clearTimeout(timer);
        resolve(isReached() && !this.#isClosed);
      };
      const watch = (): void => {
        if (this.#isClosed || isReached()) finish();
      };
      const timer = deadlineMs === undefined ? undefined : setTimeout(finish, deadlineMs);
      this.#watchers.add(watch);
      watch();
    });
  }
}

function reasonOf(error: Error): string {
  // Node's AggregateError (a name with several addresses) has an empty message; its parts have the reason.
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((part) => (part instanceof Error ? part.message : String(part))).join(", ");
}
