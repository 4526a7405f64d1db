import type { EventEmitter } from "node:events";
import { Aedes, type AedesOptions, type Client, type PublishPacket, type Subscription } from "aedes";
import type { AccessStore, SecretStore } from "../platform/access-ports.ts";
import type { BrokerCommons } from "../platform/broker-commons.ts";
import type { Config } from "../platform/config.ts";
import { messageOf } from "../platform/errors.ts";
import type { Clock, EventStream, ReadingStream, Running } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { openTokenVerifier, tokenSecretName } from "../platform/tokens.ts";
import { AccessGuard } from "./access-guard.ts";
import { Acknowledger } from "./acknowledger.ts";
import { announceAnomalies } from "./announcement.ts";
import { Cluster } from "./cluster.ts";
import { refusalOfConnect } from "./connect-rules.ts";
import { type Doors, openDoors } from "./doors.ts";
import { Ears } from "./ears.ts";
import { FloodGate } from "./flood-gate.ts";
import { type Guard, openToAll, Refused } from "./guard.ts";
import { ForbiddenTopic, Intake } from "./intake.ts";

export interface BrokerDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  /** Where it is written who may connect; needed for ACCESS=credentials. */
  readonly access: AccessDeps | null;
  /** What it shares with other brokers; undefined: it is the only one and keeps everything in memory. */
  readonly commons: BrokerCommons | undefined;
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
  readonly mqttPort: number;
  readonly webSocketPort: number;
}

/** Starts the MQTT door: TCP and WebSocket, with the hand-over to the stream before every acknowledgement. */
export async function startBroker(deps: BrokerDeps): Promise<Broker> {
  const { config, stream, events, commons, now, log, metrics } = deps;
  const intake = new Intake({
    stream,
    shards: config.SHARDS,
    maxPayloadBytes: config.MAX_PACKET_BYTES,
    maxReadings: config.MAX_READINGS_PER_MESSAGE,
    maxFutureUs: config.MAX_FUTURE_SECONDS * 1e6,
    now,
    log,
    metrics,
  });
  const gate = new FloodGate({ stream, log, metrics });
  const guard = await openGuard(deps);
  const ears = new Ears();
  const acknowledger = new Acknowledger(ears);
  const cluster = commons && (await joinOthers(deps, { commons, ears }));
  const aedes = await Aedes.createBroker({
    ...brokerOptions({ intake, gate, acknowledger, guard, ears, cluster, log }),
    ...cluster?.aedesOptions,
  });
  keepOnlyAllowed(aedes, guard);
  aedes.on("unsubscribe", (filters, client) => ears.onUnsubscribe(client, filters));
  aedes.on("clientDisconnect", (client) => ears.onDisconnect(client));
  count(aedes, metrics, log);
  await cluster?.start(aedes);
  const isMine = async (eventId: string): Promise<boolean> => commons?.isFirstToAnnounce(eventId) ?? true;
  const announcing = await announceAnomalies({ events, aedes, isMine });
  let doors: Doors | undefined;
  try {
    doors = await openDoors({
      config,
      onCaller: (caller) => {
        guard.meet(caller);
        aedes.handle(caller.stream, caller.request);
      },
    });
    return { mqttPort: doors.mqttPort, webSocketPort: doors.webSocketPort, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    const closed = doors?.close();
    await announcing.stop();
    await guard.stop();
    cluster?.leave();
    gate.close();
    await intake.close();
    // The acknowledgements of the last hand-over are written in this turn of the loop; only then may the sockets go.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    // Aedes knows only those who said CONNECT; a socket that never spoke would keep the listener open.
    doors?.clear();
    await closed;
    await cluster?.stop();
  }
}

async function openGuard({ config, access, events, now, log, metrics }: BrokerDeps): Promise<Guard> {
  if (config.ACCESS === "open" || access === null) return openToAll;
  const tokens = await openTokenVerifier(config, await access.secrets.get(tokenSecretName));
  const nowMs = (): number => now() / 1000;
  return AccessGuard.open({ store: access.store, tokens, events, nowMs, log, metrics });
}

/** Told of clients that no broker has any more, for their presence; nothing is said of it yet. */
const onLost = (): void => undefined;

function joinOthers(
  { config, log, metrics }: BrokerDeps,
  { commons, ears }: { commons: BrokerCommons; ears: Ears },
): Promise<Cluster> {
  const sessionExpiryMs = config.SESSION_EXPIRY_HOURS * 3_600_000;
  return Cluster.join({ commons, ears, sessionExpiryMs, onLost, log, metrics });
}

interface Doorway {
  readonly intake: Intake;
  readonly gate: FloodGate;
  readonly acknowledger: Acknowledger;
  readonly guard: Guard;
  readonly ears: Ears;
  readonly cluster: Cluster | undefined;
  readonly log: Log;
}

function brokerOptions({ intake, gate, acknowledger, guard, ears, cluster, log }: Doorway): AedesOptions {
  return {
    // Each line answers a behaviour of Aedes 1.2.0 in docs/design.md, section 7.
    concurrency: 0,
    drainTimeout: 3000,
    queueLimit: 1000,
    maxClientsIdLength: 256,
    connectTimeout: 10_000,
    preConnect: (client, packet, callback) => {
      const refusal = refusalOfConnect({
        clientId: packet.clientId,
        clean: packet.clean !== false,
        will: packet.will,
      });
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
      const taken = (error?: Error): void => {
        if (error instanceof ForbiddenTopic)
          log.info({ client: client?.id, topic: packet.topic }, "publish forbidden");
        if (error === undefined) acknowledger.acknowledge(client, packet);
        callback(error ?? null);
      };
      if (cluster?.isMourned(client)) return callback(new Error("the client is another broker's"));
      gate.pass((full) => {
        const refusal = full ?? cluster?.refusalOf(packet.topic);
        if (refusal === undefined) intake.take(toPublish(client, packet), taken);
        // As in the intake: QoS 0 promises nothing.
        else taken(packet.qos === 0 ? undefined : refusal);
      });
    },
    authorizeSubscribe: (client, subscription, callback) => {
      if (!guard.maySubscribe(client, subscription.topic)) {
        callback(null, null);
        return;
      }
      const done = (): void => callback(null, subscription);
      // Whoever has a SUBACK hears what is published on other brokers from then on.
      if (ears.onSubscribe(client, subscription) && cluster !== undefined)
        cluster.earsTold().then(done, done);
      else done();
    },
    // What a session was subscribed to may be more than it has a right to now.
    authorizeForward: (client, packet) =>
      guard.mayHear(client, packet.topic) && cluster?.isUnderWay(client, packet) !== true ? packet : null,
  };
}

/** Aedes keeps every subscription of a packet for the session as soon as one of them is granted; what is refused must not be kept. */
function keepOnlyAllowed(aedes: Aedes, guard: Guard): void {
  // Its types do not name what it keeps sessions in.
  const { persistence } = aedes as unknown as { persistence: SubscriptionShelf };
  const keep = persistence.addSubscriptions.bind(persistence);
  persistence.addSubscriptions = (client, subscriptions) =>
    keep(
      client,
      subscriptions.filter(({ topic }) => guard.maySubscribe(client, topic)),
    );
}

interface SubscriptionShelf {
  addSubscriptions(client: Client, subscriptions: readonly Subscription[]): Promise<void>;
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
  // Not in its types: without a listener it would end the process.
  const emitter: EventEmitter = aedes;
  emitter.on("error", (error: unknown) =>
    log.warn({ reason: messageOf(error) }, "broker could not finish something"),
  );
}

function addressOf(client: Client): string | undefined {
  return "remoteAddress" in client.conn ? client.conn.remoteAddress : undefined;
}
