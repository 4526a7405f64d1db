import { Aedes, type AedesOptions, type Client, type PublishPacket } from "aedes";
import type { AccessStore, SecretStore } from "../platform/access-ports.ts";
import type { Certificate } from "../platform/certificate.ts";
import type { Config } from "../platform/config.ts";
import { messageOf } from "../platform/errors.ts";
import { LimitNotices } from "../platform/limit-notices.ts";
import type { Clock, EventStream, ReadingStream, Running } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { openTokenVerifier, tokenSecretName } from "../platform/tokens.ts";
import { AccessGuard } from "./access-guard.ts";
import { Acknowledger } from "./acknowledger.ts";
import { announceAnomalies } from "./announcement.ts";
import { refusalOfConnect } from "./connect-rules.ts";
import { Deliveries } from "./delivery.ts";
import { Departures } from "./departures.ts";
import { type DeviceLinks, type LinkStores, linkDevices } from "./device-links.ts";
import { type DoorPorts, type Doors, openDoors } from "./doors.ts";
import { detachPublishers } from "./fan-out.ts";
import { FloodGate } from "./flood-gate.ts";
import { FrameGuard } from "./frame-guard.ts";
import { type Guard, openToAll, Refused } from "./guard.ts";
import { ForbiddenTopic, Intake } from "./intake.ts";
import { BrokerLimits } from "./limits.ts";
import { openMemoryPersistence } from "./memory-persistence.ts";
import { markRedeliveries } from "./redelivery.ts";

export interface BrokerDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  /** Where it is written who may connect; needed for ACCESS=credentials. */
  readonly access: AccessDeps | null;
  /** Where it is kept who is connected, and what devices are told to do; null without a database. */
  readonly links: LinkStores | null;
  /** Opens the doors with TLS as well. */
  readonly certificate: Certificate | undefined;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What the broker asks of the database, with ACCESS=credentials. */
export interface AccessDeps {
  readonly store: AccessStore;
  readonly secrets: SecretStore;
}

export interface Broker extends Running {
  readonly ports: DoorPorts;
}

/** Starts the MQTT door: TCP and WebSocket, with the hand-over to the stream before every acknowledgement. */
export async function startBroker(deps: BrokerDeps): Promise<Broker> {
  const { config, stream, events, certificate, now, log, metrics } = deps;
  const departures = new Departures();
  // Nobody is at a door before it is there.
  let links: DeviceLinks | undefined;
  const intake = new Intake({
    stream,
    shards: config.SHARDS,
    maxPayloadBytes: config.MAX_PACKET_BYTES,
    maxReadings: config.MAX_READINGS_PER_MESSAGE,
    maxFutureUs: config.MAX_FUTURE_SECONDS * 1e6,
    onAnswer: (deviceId, answer, done) => links?.answer(deviceId, answer, done),
    now,
    log,
    metrics,
  });
  const gate = new FloodGate({ stream, log, metrics });
  const acknowledger = new Acknowledger();
  const guard = await openGuard(deps, departures);
  const heard = (client: Client, topic: string): void => links?.heard(client, topic);
  const deliveries = new Deliveries({ log, metrics });
  const persistence = openMemoryPersistence();
  const notices = new LimitNotices({ log, metrics });
  const limits = new BrokerLimits({ config, persistence, notices, log });
  const aedes = await Aedes.createBroker({
    ...brokerOptions({ intake, gate, acknowledger, deliveries, guard, limits, heard, log }),
    persistence,
    maxInflightInbound: config.MAX_INFLIGHT_MESSAGES,
    maxTopicLevels: config.MAX_TOPIC_LEVELS,
  });
  markRedeliveries(aedes);
  detachPublishers(aedes);
  links = linkDevices({ ...deps, aedes, stores: deps.links, guard, departures });
  aedes.on("clientDisconnect", (client) => acknowledger.onDisconnect(client));
  const sizes = { maxConnectBytes: config.MAX_CONNECT_BYTES, maxPacketBytes: config.MAX_PACKET_BYTES };
  const frames = new FrameGuard({ aedes, limits: sizes, log, metrics });
  count(aedes, metrics, log);
  await limits.watch(aedes);
  const announcing = await announceAnomalies(events, aedes, links.onHint);
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
    // The acknowledgements of the last hand-over are written in this turn of the loop; only then may the sockets go.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    // Aedes knows only those who said CONNECT; a socket that never spoke would keep the listener open.
    doors?.clear();
    await closed;
  }
}

async function openGuard(
  { config, access, events, now, log, metrics }: BrokerDeps,
  departures: Departures,
): Promise<Guard> {
  if (config.ACCESS === "open" || access === null) return openToAll;
  const tokens = await openTokenVerifier(config, await access.secrets.get(tokenSecretName));
  const nowMs = (): number => now() / 1000;
  const onRevoked = (client: Client): void => departures.note(client, "revoked");
  return AccessGuard.open({ store: access.store, tokens, events, onRevoked, nowMs, log, metrics });
}

interface Doorway {
  readonly intake: Intake;
  readonly gate: FloodGate;
  readonly acknowledger: Acknowledger;
  readonly deliveries: Deliveries;
  readonly guard: Guard;
  readonly limits: BrokerLimits;
  readonly heard: (client: Client, topic: string) => void;
  readonly log: Log;
}

function brokerOptions(doorway: Doorway): AedesOptions {
  const { intake, gate, acknowledger, deliveries, guard, limits, heard, log } = doorway;
  return {
    // Each line answers a behaviour of Aedes 1.2.0 in docs/design.md, section 7.
    concurrency: 0,
    drainTimeout: 3000,
    maxClientsIdLength: 256,
    // Longer than the guard's, which says what it closes: this one is for those who were refused and do not leave.
    connectTimeout: 15_000,
    preConnect: (client, packet, callback) => {
      if (limits.isShutOut(client, packet.clientId)) {
        // CONNACK with 3, "server unavailable": come again later (MQTT 3.1.1 §3.2.2.3).
        client.conn.write(Buffer.from([0x20, 2, 0, 3]));
        callback(new Error("client id shut out"), false);
        return;
      }
      const refusal = refusalOfConnect({ will: packet.will });
      guard.note(client, packet);
      if (refusal === undefined) callback(null, true);
      else {
        log.info(
          { client: packet.clientId, address: addressOf(client), reason: refusal },
          "connection refused",
        );
        callback(new Error(refusal), false);
      }
    },
    authenticate: (client, ...[userName, password, callback]) => {
      guard.admit(client, userName, password).then(
        () => callback(null, true),
        // It rejects with nothing else but for a fault of ours, which lets nobody in.
        (refused: Error) => callback(Object.assign(refused, { returnCode: returnCodeOf(refused) }), false),
      );
    },
    authorizePublish: (client, packet, callback) => {
      if (client !== null && !guard.mayPublish(client, packet.topic)) {
        log.info({ client: client.id, topic: packet.topic }, "publish forbidden");
        callback(new ForbiddenTopic(`${client.id} has no right to publish on ${packet.topic}`));
        return;
      }
      if (client !== null) heard(client, packet.topic);
      const taken = (error?: Error): void => {
        if (error instanceof ForbiddenTopic)
          log.info({ client: client?.id, topic: packet.topic }, "publish forbidden");
        if (error === undefined) {
          // A client of MQTT 3.1.1 cannot be told: the message is carried, and not retained.
          if (packet.retain && !limits.mayRetain(client, packet)) packet.retain = false;
          acknowledger.acknowledge(client, packet);
        }
        // MQTT-3.3.1-3: that it came twice is between its sender and us.
        packet.dup = false;
        callback(error ?? null);
      };
      gate.pass((refusal) => {
        if (refusal === undefined) intake.take(toPublish(client, packet), taken);
        // As in the intake: QoS 0 promises nothing.
        else taken(packet.qos === 0 ? undefined : refusal);
      });
    },
    authorizeSubscribe: (client, subscription, callback) => {
      // The second asks only who may, for what is granted counts. Refused is 0x80 in the SUBACK.
      if (!guard.maySubscribe(client, subscription.topic) || !limits.maySubscribe(client, subscription)) {
        callback(null, null);
        return;
      }
      heard(client, subscription.topic);
      acknowledger.onSubscribe(client, subscription);
      callback(null, subscription);
    },
    // What a session was subscribed to may be more than it has a right to now.
    authorizeForward: (client, packet) =>
      guard.mayHear(client, packet.topic) ? deliveries.forward(client, packet) : null,
  };
}

function returnCodeOf(refused: Error): 2 | 3 | 4 | 5 {
  return refused instanceof Refused ? refused.returnCode : 5;
}

function toPublish(client: Client | null, packet: PublishPacket) {
  const { payload } = packet;
  return {
    clientId: client?.id ?? "",
    packetId: packet.messageId,
    isRepeated: packet.dup,
    topic: packet.topic,
    qos: packet.qos,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
  };
}

function count(aedes: Aedes, metrics: Metrics, log: Log): void {
  aedes.on("clientReady", () => metrics.connections.inc());
  aedes.on("clientDisconnect", () => metrics.connections.dec());
  const onError = (client: Client, error: Error): void => {
    metrics.connectionErrors.inc();
    log.debug({ client: client.id, reason: messageOf(error) }, "connection ended in an error");
  };
  aedes.on("clientError", onError);
  aedes.on("connectionError", onError);
}

function addressOf(client: Client): string | undefined {
  return "remoteAddress" in client.conn ? client.conn.remoteAddress : undefined;
}
