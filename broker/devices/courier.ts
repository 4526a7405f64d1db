import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "aedes";
import type { CommandStore } from "../../platform/devices/command-ports.ts";
import { messageOf } from "../../platform/errors.ts";
import type { EventStream } from "../../platform/ports.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import type { Principal } from "../../schema/access.ts";
import {
  type Command,
  type CommandAnswer,
  toCommandMessage,
  waitingCommandsLimit,
} from "../../schema/command.ts";
import { commandTopic } from "../../schema/topics.ts";
import { CommandEars, type Ear } from "./command-ears.ts";
import { within } from "./deadline.ts";
import { publishBytes } from "./publish-bytes.ts";

export interface CourierDeps {
  readonly store: CommandStore;
  readonly events: Pick<EventStream, "hint">;
  readonly principalOf: (client: Client) => Principal;
  readonly nowUs: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What gathers in it is asked for together: ten thousand devices that arrive at once are twenty questions. */
const gatherMs = 20;
const devicesAQuestion = 500;
const pollMs = 1000;
/** What was queued shortly before the last poll may have been committed after it. */
const overlapMs = 5000;
const answerMs = 5000;
const retryMs = 500;

/** A command that its device was sent and has not acknowledged. */
interface Delivery {
  readonly command: Command;
  /** Who got it, and under which message id. */
  readonly sent: Map<Client, number>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Takes commands to the devices that are connected to this broker. The table is the truth: what it says is to be delivered is sent,
 * one after the other to a device, until the device acknowledges it or it expires. So nothing is lost with a broker, and what was
 * under way when one died is sent again.
 */
export class Courier {
  readonly #deps: CourierDeps;
  readonly #ears = new CommandEars();
  /** Devices of which it is not known whether anything waits for them. */
  readonly #due = new Set<string>();
  readonly #deliveries = new Map<string, Delivery>();
  /** Acknowledged, and not in the table yet. */
  readonly #acknowledged = new Set<string>();
  readonly #polling: NodeJS.Timeout;
  #gathering: NodeJS.Timeout | undefined;
  #isAsking = false;
  #isNoting = false;
  #isStopped = false;
  #polledMs = performance.now();

  constructor(deps: CourierDeps) {
    this.#deps = deps;
    this.#polling = setInterval(() => void this.#poll(), pollMs);
    this.#polling.unref();
  }

  /** A client is in, or changed what it is subscribed to. */
  look(client: Client): void {
    const before = this.#ears.devicesOf(client);
    const now = this.#ears.look(client, this.#deps.principalOf(client));
    for (const deviceId of before) if (!now.includes(deviceId)) this.#withdraw(client, deviceId);
    this.#ask(now);
  }

  leave(client: Client): void {
    for (const deviceId of this.#ears.remove(client)) this.#withdraw(client, deviceId);
  }

  /** Somebody says that a command waits for this device. */
  queued(deviceId: string): void {
    this.#ask([deviceId]);
  }

  /** A PUBACK came; false when it is not for a command. */
  acknowledge(client: Client, messageId: number): boolean {
    for (const [deviceId, delivery] of this.#deliveriesTo(client)) {
      if (delivery.sent.get(client) !== messageId) continue;
      this.#end(deviceId, delivery);
      this.#arrived(delivery.command);
      return true;
    }
    return false;
  }

  /**
   * Keeps what a device says of a command; false when there is none of this id. The table knows a command, answered or expired, for as
   * long as it is kept; so an answer that comes again is to a known one.
   * @throws what kept it from being safe, after some seconds
   */
  async answer(deviceId: string, answer: CommandAnswer): Promise<boolean> {
    const { store, events, metrics } = this.#deps;
    const giveUpMs = performance.now() + answerMs;
    for (;;) {
      try {
        const isKnown = await within(answerMs, () => store.answered(deviceId, answer));
        if (isKnown) {
          metrics.commands.inc({ stage: "answered" });
          events.hint({ kind: "commands-moved", commandIds: [answer.commandId] });
        }
        return isKnown;
      } catch (error) {
        if (performance.now() > giveUpMs || this.#isStopped) throw error;
        await pause(retryMs);
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#polling);
    clearTimeout(this.#gathering);
    for (const { timer } of this.#deliveries.values()) clearTimeout(timer);
    await this.#note();
  }

  #ask(deviceIds: readonly string[]): void {
    for (const deviceId of deviceIds)
      if (this.#ears.has(deviceId) && !this.#deliveries.has(deviceId)) this.#due.add(deviceId);
    if (this.#due.size === 0 || this.#isStopped) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      void this.#fetch();
    }, gatherMs);
  }

  async #fetch(): Promise<void> {
    if (this.#isAsking || this.#isStopped) return;
    this.#isAsking = true;
    try {
      while (this.#due.size > 0 && !this.#isStopped) {
        const asked = [...this.#due].slice(0, devicesAQuestion);
        for (const deviceId of asked) this.#due.delete(deviceId);
        await this.#deliverTo(asked).catch((error: unknown) => {
          for (const deviceId of asked) this.#due.add(deviceId);
          throw error;
        });
      }
    } catch (error) {
      this.#deps.log.debug({ reason: messageOf(error), devices: this.#due.size }, "commands not fetched yet");
    } finally {
      this.#isAsking = false;
    }
  }

  /** Sends each device the first command that it listens to. */
  async #deliverTo(deviceIds: readonly string[]): Promise<void> {
    const { store } = this.#deps;
    const waiting = await within(answerMs, () => store.waiting(deviceIds, waitingCommandsLimit));
    const chosen = new Map<string, string>();
    for (const { id, deviceId, name } of waiting) {
      if (chosen.has(deviceId) || this.#deliveries.has(deviceId) || this.#acknowledged.has(id)) continue;
      if (this.#ears.of(deviceId, name).length > 0) chosen.set(deviceId, id);
    }
    if (chosen.size === 0) return;
    const taken = await within(answerMs, () => store.take([...chosen.values()]));
    for (const command of taken) {
      this.#send(command, this.#ears.of(command.deviceId, command.name));
      chosen.delete(command.deviceId);
    }
    // Called back, or expired, in between: the one behind it is next.
    for (const deviceId of chosen.keys()) this.#due.add(deviceId);
  }

  #send(command: Command, ears: readonly Ear[]): void {
    const { deviceId, name, expiresUs } = command;
    const leftMs = (expiresUs - this.#deps.nowUs()) / 1000;
    const sent = new Map<Client, number>();
    let isWritten = false;
    for (const { client, qos } of ears) {
      if (client.closed || !client.conn.writable) continue;
      const messageId = qos === 1 ? nextMessageId(client) : undefined;
      if (messageId !== undefined) sent.set(client, messageId);
      const topic = commandTopic(deviceId, name);
      // Not through Aedes, which would keep it for a session that is kept, and deliver it when it has long expired.
      client.conn.write(publishBytes({ topic, payload: toCommandMessage(command), messageId }));
      isWritten = true;
    }
    if (sent.size > 0) {
      // An acknowledgement that never comes must not hold up what is behind it for longer than it would be worth anything.
      const timer = setTimeout(() => this.#expire(deviceId), Math.min(Math.max(leftMs, 0), 2 ** 31 - 1));
      timer.unref();
      this.#deliveries.set(deviceId, { command, sent, timer });
      // QoS 0 acknowledges nothing.
    } else if (isWritten) this.#arrived(command);
  }

  #withdraw(client: Client, deviceId: string): void {
    const delivery = this.#deliveries.get(deviceId);
    delivery?.sent.delete(client);
    // It may have arrived or not; another ear, or the next connection, gets it again.
    if (delivery?.sent.size === 0) this.#end(deviceId, delivery);
  }

  #expire(deviceId: string): void {
    const delivery = this.#deliveries.get(deviceId);
    if (delivery !== undefined) this.#end(deviceId, delivery);
  }

  #end(deviceId: string, { timer }: Delivery): void {
    clearTimeout(timer);
    this.#deliveries.delete(deviceId);
    this.#ask([deviceId]);
  }

  #arrived(command: Command): void {
    this.#deps.metrics.commands.inc({ stage: "delivered" });
    this.#acknowledged.add(command.id);
    this.#ask([command.deviceId]);
    void this.#note();
  }

  /** One write at a time; what is acknowledged meanwhile goes with the next. */
  async #note(): Promise<void> {
    const { store, events, log } = this.#deps;
    if (this.#isNoting) return;
    this.#isNoting = true;
    try {
      while (this.#acknowledged.size > 0) {
        const commandIds = [...this.#acknowledged];
        await within(answerMs, () => store.delivered(commandIds));
        for (const id of commandIds) this.#acknowledged.delete(id);
        events.hint({ kind: "commands-moved", commandIds });
      }
    } catch (error) {
      log.debug({ reason: messageOf(error) }, "deliveries not noted yet");
    } finally {
      this.#isNoting = false;
    }
  }

  /** Hints can be missed, and the database can be away. */
  async #poll(): Promise<void> {
    void this.#note();
    this.#ask([...this.#due]);
    if (this.#ears.size === 0 || this.#isStopped) return;
    const startedMs = performance.now();
    try {
      const withinMs = Math.ceil(startedMs - this.#polledMs) + overlapMs;
      this.#ask(await within(answerMs, () => this.#deps.store.waitingSince(withinMs)));
      this.#polledMs = startedMs;
    } catch (error) {
      this.#deps.log.debug({ reason: messageOf(error) }, "waiting commands not looked for");
    }
  }

  #deliveriesTo(client: Client): [string, Delivery][] {
    return this.#ears.devicesOf(client).flatMap((deviceId): [string, Delivery][] => {
      const delivery = this.#deliveries.get(deviceId);
      return delivery === undefined ? [] : [[deviceId, delivery]];
    });
  }
}

/** Takes the next message id of a connection, as Aedes does for its own messages, so that no id is used twice. */
function nextMessageId(client: Client): number {
  // Aedes counts there; its types do not name it.
  const counter = client as unknown as { _nextId: number };
  const id = counter._nextId;
  counter._nextId = id >= 65_535 ? 1 : id + 1;
  return id;
}
