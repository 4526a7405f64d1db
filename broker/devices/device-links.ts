import { randomUUID } from "node:crypto";
import type { Aedes, Client } from "aedes";
import type { CommandStore } from "../../platform/devices/command-ports.ts";
import type { PresenceStore } from "../../platform/devices/presence-ports.ts";
import type { Clock, EventStream, Running } from "../../platform/ports.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import type { CommandAnswer } from "../../schema/command.ts";
import type { Hint } from "../../schema/event.ts";
import type { Guard } from "../access/guard.ts";
import type { Persistence } from "../persistence.ts";
import { Courier } from "./courier.ts";
import type { Departures } from "./departures.ts";
import { forgetStatusesHourly } from "./old-statuses.ts";
import { PresenceKeeper } from "./presence.ts";

/** Where it is kept who is connected, and what devices are told to do. */
export interface LinkStores {
  readonly presence: PresenceStore;
  readonly commands: CommandStore;
}

export interface DeviceLinksDeps {
  readonly aedes: Aedes;
  /** Without them there are no commands, and presence is told on MQTT alone. */
  readonly stores: LinkStores | null;
  readonly guard: Pick<Guard, "principalOf">;
  readonly departures: Pick<Departures, "note" | "reasonOf">;
  /** Days after which a device that is away is forgotten. */
  readonly keptDays: number;
  readonly events: Pick<EventStream, "hint">;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What the broker knows of the devices behind its connections: their presence, and the way of commands to them. */
export interface DeviceLinks extends Running {
  /** These clients' broker died, and no other has them. */
  lost(clientIds: readonly string[]): Promise<void>;
  /** A client published on this topic, or subscribed to this filter. */
  heard(client: Client, topic: string): void;
  /** Keeps what a device says of a command; false when there is no such command, as where there are none at all. */
  answer(deviceId: string, answer: CommandAnswer): Promise<boolean>;
  onHint(hint: Hint): void;
}

/** Follows the connections of a broker that nobody has come to yet. */
export function linkDevices(deps: DeviceLinksDeps): DeviceLinks {
  const { aedes, stores, departures } = deps;
  const principalOf = (client: Client) => deps.guard.principalOf(client);
  const shared = { ...deps, principalOf };
  const presence = new PresenceKeeper({
    ...shared,
    store: stores?.presence ?? null,
    brokerId: randomUUID(),
  });
  // Its types do not name what it keeps retained messages in.
  const { persistence } = aedes as unknown as { persistence: Persistence };
  const forgetting = forgetStatusesHourly({ ...deps, persistence, store: stores?.presence ?? null });
  const courier =
    stores === null ? undefined : new Courier({ ...shared, store: stores.commands, nowUs: deps.now });

  aedes.on("client", (client) => presence.register(client));
  aedes.on("keepaliveTimeout", (client) => departures.note(client, "keep_alive"));
  aedes.on("clientDisconnect", (client) => {
    presence.leave(client, departures.reasonOf(client));
    courier?.leave(client);
  });
  if (courier !== undefined) {
    // A kept session has its subscriptions already.
    aedes.on("clientReady", (client) => courier.look(client));
    aedes.on("subscribe", (_subscriptions, client) => courier.look(client));
    aedes.on("unsubscribe", (_filters, client) => courier.look(client));
    hearAcknowledgements(aedes, courier);
  }
  return {
    lost: (clientIds) => presence.lost(clientIds),
    heard: (client, topic) => presence.heard(client, topic),
    answer: (deviceId, answer) => courier?.answer(deviceId, answer) ?? Promise.resolve(false),
    onHint: (hint) => {
      if (hint.kind === "command-queued") courier?.queued(hint.deviceId);
    },
    async stop() {
      await forgetting.stop();
      await courier?.stop();
      await presence.stop();
    },
  };
}

/** Aedes tells of an acknowledgement only what was kept for a session; for what it looks there is told here. */
function hearAcknowledgements(aedes: Aedes, courier: Courier): void {
  // Its types do not name what it keeps sessions in.
  const { persistence } = aedes as unknown as { persistence: OutgoingShelf };
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingClearMessageId = (client, packet) =>
    packet.messageId !== undefined && courier.acknowledge(client, packet.messageId)
      ? Promise.resolve(undefined)
      : clear(client, packet);
}

interface OutgoingShelf {
  outgoingClearMessageId(client: Client, packet: { messageId?: number }): Promise<unknown>;
}
