import type { Presence } from "../../schema/presence.ts";

/** Who is connected, as the brokers say. All of it is on the database's clock but `sinceUs`. */
export interface PresenceStore {
  /**
   * A sign of life of this broker. `isNew` when nobody knew of it (any more): what it said before may have been undone. `buried` are the
   * devices of brokers that gave none for `deadMs`, offline from now on; those that came back to this broker are not among them.
   */
  beat(broker: string, options: { deadMs: number; mayBury: boolean }): Promise<Beat>;
  /** Keeps what this broker says; that a device is offline only while no other broker has said that it is there. */
  save(broker: string, changes: readonly Presence[]): Promise<void>;
  /** Whether a device is connected to a broker that is alive. */
  isOnline(deviceId: string): Promise<boolean>;
  /** Those of these devices that nothing is known of (any more). */
  unknown(deviceIds: readonly string[]): Promise<readonly string[]>;
  /** Devices that are offline, by id, after the one named. */
  offline(query: { after: string; limit: number }): Promise<readonly Presence[]>;
  /** The brokers that have not taken leave and were not found dead yet, by id. */
  brokers(): Promise<readonly BrokerLife[]>;
  /** The broker ends; nobody needs to look for its devices. */
  leave(broker: string): Promise<void>;
}

/** A broker as the others see it. */
export interface BrokerLife {
  readonly id: string;
  /** Its last sign of life, microseconds since the epoch. */
  readonly beatUs: number;
  readonly isAlive: boolean;
  /** Devices connected to it. */
  readonly devices: number;
}

export interface Beat {
  readonly isNew: boolean;
  readonly buried: readonly Presence[];
}
