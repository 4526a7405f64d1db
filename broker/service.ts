import { Aedes, type AedesOptions, type Client, type PublishPacket } from "aedes";
import type { Config } from "../platform/config.ts";
import { messageOf } from "../platform/errors.ts";
import type { Clock, EventStream, ReadingStream, Running } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { Acknowledger } from "./acknowledger.ts";
import { announceAnomalies } from "./announcement.ts";
import { refusalOfConnect } from "./connect-rules.ts";
import { type Doors, openDoors } from "./doors.ts";
import { FloodGate } from "./flood-gate.ts";
import { ForbiddenTopic, Intake } from "./intake.ts";

export interface BrokerDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly events: EventStream;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Broker extends Running {
  readonly mqttPort: number;
  readonly webSocketPort: number;
}

/** Starts the MQTT door: TCP and WebSocket, with the hand-over to the stream before every acknowledgement. */
export async function startBroker({
  config,
  stream,
  events,
  now,
  log,
  metrics,
}: BrokerDeps): Promise<Broker> {
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
  const acknowledger = new Acknowledger();
  const aedes = await Aedes.createBroker(brokerOptions({ intake, gate, acknowledger, log }));
  aedes.on("clientDisconnect", (client) => acknowledger.onDisconnect(client));
  count(aedes, metrics, log);
  const announcing = await announceAnomalies(events, aedes);
  let doors: Doors | undefined;
  try {
    doors = await openDoors({
      config,
      onCaller: ({ stream: bytes, request }) => aedes.handle(bytes, request),
    });
    return { mqttPort: doors.mqttPort, webSocketPort: doors.webSocketPort, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    const closed = doors?.close();
    await announcing.stop();
    gate.close();
    await intake.close();
    // The acknowledgements of the last hand-over are written in this turn of the loop; only then may the sockets go.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    // Aedes knows only those who said CONNECT; a socket that never spoke would keep the listener open.
    doors?.clear();
    await closed;
  }
}

interface Doorway {
  readonly intake: Intake;
  readonly gate: FloodGate;
  readonly acknowledger: Acknowledger;
  readonly log: Log;
}

function brokerOptions({ intake, gate, acknowledger, log }: Doorway): AedesOptions {
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
      if (refusal === undefined) callback(null, true);
      else {
        log.info(
          { client: packet.clientId, address: addressOf(client), reason: refusal },
          "connection refused",
        );
        callback(new Error(refusal), false);
      }
    },
    authorizePublish: (client, packet, callback) => {
      const taken = (error?: Error): void => {
        if (error instanceof ForbiddenTopic)
          log.info({ client: client?.id, topic: packet.topic }, "publish forbidden");
        if (error === undefined) acknowledger.acknowledge(client, packet);
        callback(error ?? null);
      };
      gate.pass((refusal) => {
        if (refusal === undefined) intake.take(toPublish(client, packet), taken);
        // As in the intake: QoS 0 promises nothing.
        else taken(packet.qos === 0 ? undefined : refusal);
      });
    },
    authorizeSubscribe: (client, subscription, callback) => {
      acknowledger.onSubscribe(client, subscription);
      callback(null, subscription);
    },
  };
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
