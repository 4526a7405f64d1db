import type { Client } from "aedes";
import { covers, type Principal } from "../../schema/access.ts";
import { isDeviceId } from "../../schema/reading.ts";
import { commandTopic } from "../../schema/topics.ts";

/** An ear of a device and how well it listens. */
export interface Ear {
  readonly client: Client;
  readonly qos: 0 | 1;
}

interface Subscribed {
  readonly filter: string;
  readonly qos: number;
}

/** The connections over which devices hear their commands. */
export class CommandEars {
  readonly #ears = new Map<string, Set<Client>>();
  readonly #devicesOf = new Map<Client, ReadonlySet<string>>();

  /** How many devices listen. */
  get size(): number {
    return this.#ears.size;
  }

  /** Looks again at what a client is subscribed to; answers with the devices that it is an ear of from now on. */
  look(client: Client, principal: Principal): readonly string[] {
    const before = this.#devicesOf.get(client) ?? new Set();
    const now = client.closed ? new Set<string>() : heardBy(client, principal);
    for (const deviceId of before) if (!now.has(deviceId)) this.#remove(client, deviceId);
    for (const deviceId of now) {
      const ears = this.#ears.get(deviceId) ?? new Set();
      this.#ears.set(deviceId, ears.add(client));
    }
    if (now.size > 0) this.#devicesOf.set(client, now);
    else this.#devicesOf.delete(client);
    return [...now];
  }

  /** Answers with the devices that it was an ear of. */
  remove(client: Client): readonly string[] {
    const devices = this.devicesOf(client);
    for (const deviceId of devices) this.#remove(client, deviceId);
    this.#devicesOf.delete(client);
    return devices;
  }

  /** The devices that a client is an ear of. */
  devicesOf(client: Client): readonly string[] {
    return [...(this.#devicesOf.get(client) ?? [])];
  }

  has(deviceId: string): boolean {
    return this.#ears.has(deviceId);
  }

  /** Those that hear this command. With one that acknowledges, those that do not are left out. */
  of(deviceId: string, name: string): readonly Ear[] {
    const topic = commandTopic(deviceId, name);
    const ears: Ear[] = [];
    for (const client of this.#ears.get(deviceId) ?? []) {
      const matching = subscriptionsOf(client).filter(({ filter }) => covers(filter, topic));
      if (matching.length > 0) ears.push({ client, qos: matching.some(({ qos }) => qos > 0) ? 1 : 0 });
    }
    const sure = ears.filter(({ qos }) => qos === 1);
    return sure.length > 0 ? sure : ears;
  }

  #remove(client: Client, deviceId: string): void {
    const ears = this.#ears.get(deviceId);
    ears?.delete(client);
    if (ears?.size === 0) this.#ears.delete(deviceId);
  }
}

function heardBy(client: Client, principal: Principal): ReadonlySet<string> {
  const filters = subscriptionsOf(client).map(({ filter }) => filter);
  switch (principal.kind) {
    case "service":
      return new Set();
    case "device":
      return new Set(
        filters.some((filter) => isForCommands(filter, principal.deviceId)) ? [principal.deviceId] : [],
      );
    case "anyone":
      return new Set(filters.flatMap((filter) => namedBy(filter, client.id)));
  }
}

/** Where nobody is asked who they are: the device whose commands are named, or that the client's own id names. */
function namedBy(filter: string, clientId: string): readonly string[] {
  const [root, deviceId = "", channel] = filter.split("/");
  if (root === "devices" && channel === "commands" && isDeviceId(deviceId)) return [deviceId];
  return isDeviceId(clientId) && isForCommands(filter, clientId) ? [clientId] : [];
}

/** Whether a filter can match a command of this device. */
function isForCommands(filter: string, deviceId: string): boolean {
  const levels = filter.split("/");
  const path = ["devices", deviceId, "commands"];
  for (const [place, level] of path.entries()) {
    if (levels[place] === "#") return true;
    if (levels[place] !== "+" && levels[place] !== level) return false;
  }
  return levels.length === 4;
}

function subscriptionsOf(client: Client): readonly Subscribed[] {
  // Aedes keeps them there by their filters; its types do not name it.
  const { subscriptions } = client as unknown as { subscriptions: Record<string, { qos: number }> };
  return Object.entries(subscriptions).map(([filter, { qos }]) => ({ filter, qos }));
}
