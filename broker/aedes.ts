import type { EventEmitter } from "node:events";
import { Aedes, type AedesOptions, type Client, type PublishPacket } from "aedes";
import type { BrokerCommons } from "../platform/broker-commons.ts";
import type { Config } from "../platform/config.ts";
import { messageOf } from "../platform/errors.ts";
import { LimitNotices } from "../platform/limit-notices.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { type Guard, Refused } from "./access/guard.ts";
import { Acknowledger } from "./acknowledger.ts";
import { Cluster } from "./cluster/cluster.ts";
import { refusalOfConnect } from "./connect-rules.ts";
import { Deliveries } from "./delivery.ts";
import type { Departures } from "./devices/departures.ts";
import type { DeviceLinks } from "./devices/device-links.ts";
import { Ears } from "./ears.ts";
import { detachPublishers, passOverUnheard } from "./fan-out.ts";
import type { FloodGate } from "./flood-gate.ts";
import { ForbiddenTopic, type Intake } from "./intake.ts";
import { BrokerLimits } from "./limits/limits.ts";
import { openMemoryPersistence } from "./memory-persistence.ts";
import { markRedeliveries } from "./redelivery.ts";

interface Surroundings {
  readonly intake: Intake;
  readonly gate: FloodGate;
  readonly guard: Guard;
  readonly departures: Departures;
  readonly links: () => DeviceLinks | undefined;
}

export interface AedesDeps {
  readonly config: Config;
  readonly commons: BrokerCommons | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Opens Aedes, with what decides and keeps for it; alone, or with other brokers.
 * @throws PlatformError STREAM_DOWN.
 */
export async function openAedes(
  { config, commons, log, metrics }: AedesDeps,
  { intake, gate, guard, departures, links }: Surroundings,
) {
  const ears = new Ears();
  const notices = new LimitNotices({ log, metrics });
  const joining = {
    onElsewhere: (client: Client) => departures.note(client, "replaced"),
    onLost: (clientIds: readonly string[]) => links()?.lost(clientIds),
    ...{ ears, notices, log, metrics },
  };
  const cluster = commons === undefined ? undefined : await Cluster.join({ ...joining, commons });
  const persistence = cluster?.persistence ?? openMemoryPersistence();
  const areSessionsShared = cluster !== undefined;
  const isOwn = (client: Client) => guard.isOwn(client);
  const limits = new BrokerLimits({ config, persistence, areSessionsShared, isOwn, notices, log });
  const doorway = {
    acknowledger: new Acknowledger(ears),
    deliveries: new Deliveries({ log, metrics }),
    heard: (client: Client, topic: string) => links()?.heard(client, topic),
    ...{ intake, gate, guard, ears, cluster, limits, log },
  };
  const aedes = await Aedes.createBroker({
    ...brokerOptions(doorway),
    ...cluster?.aedesOptions,
    persistence,
    maxInflightInbound: config.MAX_INFLIGHT_MESSAGES,
    maxTopicLevels: config.MAX_TOPIC_LEVELS,
  });
  markRedeliveries(aedes);
  detachPublishers(aedes);
  passOverUnheard(aedes, ears);
  aedes.on("unsubscribe", (filters, client) => ears.onUnsubscribe(client, filters));
  aedes.on("clientDisconnect", (client) => ears.onDisconnect(client));
  count(aedes, metrics, log);
  return { aedes, cluster, limits };
}

interface Doorway {
  readonly intake: Intake;
  readonly gate: FloodGate;
  readonly acknowledger: Acknowledger;
  readonly deliveries: Deliveries;
  readonly guard: Guard;
  readonly ears: Ears;
  readonly cluster: Cluster | undefined;
  readonly limits: BrokerLimits;
  readonly heard: (client: Client, topic: string) => void;
  readonly log: Log;
}

function brokerOptions(doorway: Doorway): AedesOptions {
  const { intake, gate, acknowledger, ears, cluster, deliveries, guard, limits, heard, log } = doorway;
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
      if (cluster?.isMourned(client)) return callback(new Error("the client is another broker's"));
      gate.pass((full) => {
        const refusal = full ?? cluster?.refusalOf(packet.topic);
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
      const done = (): void => callback(null, subscription);
      // Whoever has a SUBACK hears what is published on other brokers from then on.
      if (ears.onSubscribe(client, subscription) && cluster !== undefined)
        cluster.earsTold().then(done, done);
      else done();
    },
    // What a session was subscribed to may be more than it has a right to now.
    authorizeForward: (client, packet) => {
      if (!guard.mayHear(client, packet.topic) || cluster?.isUnderWay(client, packet)) return null;
      return deliveries.forward(client, packet);
    },
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
    isRetained: packet.retain,
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
