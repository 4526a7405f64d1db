import type { Presence, PresenceReason } from "../../schema/presence.ts";

/** A connection of a device, as somebody else knows it. */
export interface Arrival<Connection> {
  readonly connection: Connection;
  readonly clientId: string;
  readonly deviceId: string;
  readonly atUs: number;
}

interface Entry<Connection> {
  readonly connections: Map<Connection, string>;
  /** Client ids of connections that ended since the last look. */
  readonly left: Set<string>;
  presence: Presence;
  /** The presence that was last told; none when nothing was. */
  told: Presence | undefined;
}

/**
 * Which connections the devices of this broker have, and what is to be told of it. However often a device comes and goes between two
 * looks, what is told is how it stands at the look; so the last word is always the truth.
 */
export class Roster<Connection> {
  readonly #entries = new Map<string, Entry<Connection>>();
  readonly #deviceOf = new Map<Connection, string>();
  readonly #changed = new Set<string>();

  /** How many devices are connected. */
  get size(): number {
    return this.#entries.size;
  }

  /** A connection that is known already changes nothing. */
  arrive({ connection, clientId, deviceId, atUs: sinceUs }: Arrival<Connection>): void {
    if (this.#deviceOf.has(connection)) return;
    this.#deviceOf.set(connection, deviceId);
    const entry = this.#entries.get(deviceId) ?? newEntry(deviceId, sinceUs);
    this.#entries.set(deviceId, entry);
    const isSecond = entry.left.has(clientId) || [...entry.connections.values()].includes(clientId);
    const wasOnline = entry.connections.size > 0;
    entry.connections.set(connection, clientId);
    // Another connection of a device that is there, such as that of a second program on it, is no news.
    if (wasOnline && !isSecond) return;
    entry.presence = { deviceId, isOnline: true, sinceUs, reason: isSecond ? "replaced" : "connected" };
    this.#changed.add(deviceId);
  }

  /** Of a connection that never arrived there is nothing to tell. */
  leave(connection: Connection, reason: PresenceReason, atUs: number): void {
    const deviceId = this.#deviceOf.get(connection);
    const entry = deviceId === undefined ? undefined : this.#entries.get(deviceId);
    if (deviceId === undefined || entry === undefined) return;
    this.#deviceOf.delete(connection);
    entry.left.add(entry.connections.get(connection) ?? "");
    entry.connections.delete(connection);
    if (entry.connections.size > 0) return;
    entry.presence = { deviceId, isOnline: false, sinceUs: atUs, reason };
    this.#changed.add(deviceId);
  }

  isOnline(deviceId: string): boolean {
    return (this.#entries.get(deviceId)?.connections.size ?? 0) > 0;
  }

  /** Somebody said that this device is away: it is told again that it is here, if it is. */
  insist(deviceId: string): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined || entry.connections.size === 0) return;
    entry.told = undefined;
    this.#changed.add(deviceId);
  }

  insistOnAll(): void {
    for (const deviceId of this.#entries.keys()) this.insist(deviceId);
  }

  /** What is to be told now, one presence a device. */
  take(): readonly Presence[] {
    const news: Presence[] = [];
    for (const deviceId of this.#changed) {
      const entry = this.#entries.get(deviceId);
      if (entry === undefined) continue;
      entry.left.clear();
      const { presence, told } = entry;
      const isOffline = entry.connections.size === 0;
      if (isOffline) this.#entries.delete(deviceId);
      // Another broker took its client over, and tells where it is.
      const isElsewhere = isOffline && presence.reason === "replaced";
      if (presence === told || isElsewhere) continue;
      entry.told = presence;
      news.push(presence);
    }
    this.#changed.clear();
    return news;
  }

  /** Everybody leaves at once; answers with what is to be told. */
  close(reason: PresenceReason, atUs: number): readonly Presence[] {
    for (const connection of [...this.#deviceOf.keys()]) this.leave(connection, reason, atUs);
    return this.take();
  }
}

function newEntry<Connection>(deviceId: string, atUs: number): Entry<Connection> {
  const presence = { deviceId, isOnline: false, sinceUs: atUs, reason: "lost" } as const;
  return { connections: new Map(), left: new Set(), presence, told: undefined };
}
