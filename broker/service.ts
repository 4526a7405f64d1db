import type { Client } from "aedes";
import type { AccessStore, SecretStore } from "../platform/access/access-ports.ts";
import { openTokenVerifier, tokenSecretName } from "../platform/access/tokens.ts";
import type { BrokerCommons } from "../platform/broker-commons.ts";
import type { Config } from "../platform/config.ts";
import type { Certificate } from "../platform/http/certificate.ts";
import type { Clock, EventStream, ReadingStream, Running } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { AccessGuard } from "./access/access-guard.ts";
import type { Guard } from "./access/guard.ts";
import { OpenGuard } from "./access/open-guard.ts";
import { openAedes } from "./aedes.ts";
import { announceEvents } from "./announcement.ts";
import { Departures } from "./devices/departures.ts";
import { type DeviceLinks, type LinkStores, linkDevices } from "./devices/device-links.ts";
import { type DoorPorts, type Doors, openDoors } from "./doors.ts";
import { FloodGate } from "./flood-gate.ts";
import type { GateLimits } from "./gate/frame-gate.ts";
import { FrameGuard } from "./gate/frame-guard.ts";
import { Intake } from "./intake.ts";

export interface BrokerDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  /** Where it is written who may connect; needed for ACCESS=credentials. */
  readonly access: AccessStore | null;
  /** Where the secret is by which the platform's own processes are known; null without a database. */
  readonly secrets: SecretStore | null;
  /** Where it is kept who is connected, and what devices are told to do; null without a database. */
  readonly links: LinkStores | null;
  /** What it shares with other brokers; undefined: it is the only one and keeps everything in memory. */
  readonly commons: BrokerCommons | undefined;
  /** Opens the doors with TLS as well. */
  readonly certificate: Certificate | undefined;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Broker extends Running {
  readonly ports: DoorPorts;
}

/** Starts the MQTT door: TCP and WebSocket, with the hand-over to the stream before every acknowledgement. */
export async function startBroker(deps: BrokerDeps): Promise<Broker> {
  const { config, stream, events, commons, certificate, now, log, metrics } = deps;
  const departures = new Departures();
  // Nobody is at a door before it is there.
  let links: DeviceLinks | undefined;
  const intake = new Intake({
    stream,
    shards: config.SHARDS,
    maxPayloadBytes: config.MAX_PACKET_BYTES,
    maxReadings: config.MAX_READINGS_PER_MESSAGE,
    maxFutureUs: config.MAX_FUTURE_SECONDS * 1e6,
    keepAnswer: (deviceId, answer) => links?.answer(deviceId, answer) ?? Promise.resolve(false),
    now,
    log,
    metrics,
  });
  const gate = new FloodGate({ stream, log, metrics });
  const guard = await openGuard(deps, departures);
  const { aedes, cluster, limits } = await openAedes(deps, {
    intake,
    gate,
    guard,
    departures,
    links: () => links,
  });
  const keptDays = config.RETENTION_DEVICES_DAYS;
  links = linkDevices({ ...deps, aedes, stores: deps.links, keptDays, guard, departures });
  const frames = new FrameGuard({ aedes, limits: gateLimits(config), log, metrics });
  await limits.watch(aedes);
  await cluster?.start(aedes);
  const announcing = await announceEvents({ events, aedes, commons, onHint: links.onHint });
  let doors: Doors | undefined;
  try {
    doors = await openDoors({
      config,
      certificate,
      admit: (socket) => limits.admit(socket),
      onCaller: (caller) => {
        guard.meet(caller);
        const onClient = limits.receive(caller);
        const client = aedes.handle(caller.stream, caller.request);
        onClient(client);
        frames.guard(caller, client);
      },
      onText: (caller) => frames.refuseText(caller),
      log,
      metrics,
    });
    return { ports: doors.ports, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    const closed = doors?.close();
    await announcing.stop();
    await guard.stop();
    gate.close();
    frames.stop();
    limits.close();
    await intake.close();
    await links?.stop();
    cluster?.leave();
    // The acknowledgements of the last hand-over are written in this turn of the loop; only then may the sockets go.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    // Aedes knows only those who said CONNECT; a socket that never spoke would keep the listener open.
    doors?.clear();
    await closed;
    await cluster?.stop();
  }
}

async function openGuard(
  { config, access, secrets, events, now, log, metrics }: BrokerDeps,
  departures: Departures,
): Promise<Guard> {
  if (config.ACCESS === "open" || access === null || secrets === null) return new OpenGuard({ secrets, log });
  const tokens = await openTokenVerifier(config, await secrets.get(tokenSecretName));
  const nowMs = (): number => now() / 1000;
  const onRevoked = (client: Client): void => departures.note(client, "revoked");
  return AccessGuard.open({ store: access, tokens, events, onRevoked, nowMs, log, metrics });
}

function gateLimits(config: Config): GateLimits {
  return {
    maxConnectBytes: config.MAX_CONNECT_BYTES,
    maxPacketBytes: config.MAX_PACKET_BYTES,
    maxFilters: config.MAX_SUBSCRIPTIONS_PER_CLIENT,
  };
}
