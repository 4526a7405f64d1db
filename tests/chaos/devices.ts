import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { formatTimestamp } from "../../schema/timestamp.ts";
import { until } from "../harness/local-servers.ts";
import { Book } from "./book.ts";

export interface FleetOptions {
  /** Of every broker: a device whose broker is gone goes to the next. */
  readonly mqttUrls: readonly string[];
  readonly httpUrl: string;
  /** Devices on MQTT with QoS 1. */
  readonly devices: number;
  /** Messages under way at a time, per device. */
  readonly window: number;
  /** Clients of `POST /data`, one request at a time. */
  readonly legacy: number;
  /** One reading in so many is physically impossible, and so an anomaly. */
  readonly impossibleEvery: number;
  /** Rest between an acknowledgement and the next message in its place. */
  readonly restMs: number;
}

/** Devices that repeat until they are acknowledged, and a book of what they sent. */
export interface Fleet {
  /** Keys `device/sensor/timestampUs`. */
  readonly readings: Book;
  /** Payloads that are no JSON, each different. */
  readonly nonsense: Book;
  /** Answers of `POST /data` that a client of it does not expect. */
  readonly surprises: readonly string[];
  /** Sends nothing new, gives what is under way a while, and leaves. */
  stop(): Promise<void>;
}

const impossibleTemperature = 9999;
const nonsenseEvery = 250;
/** For what is under way when the fleet stops: longer than a client takes to connect again and repeat. */
const lastAcknowledgementsMs = 15_000;

/** Starts the fleet; every reading has a timestamp of its own, so that a repeat is the same reading. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const readings = new Book();
  const nonsense = new Book();
  const surprises: string[] = [];
  const stopping = new AbortController();
  const leaving = new AbortController();
  const signals = { stopping: stopping.signal, leaving: leaving.signal };
  const crew: Crew = { ...options, ...signals, readings, nonsense, surprises };
  const clients = await Promise.all(
    Array.from({ length: options.devices }, async (_, device) => {
      const clientId = `mqtt-${device}`;
      const addresses = options.mqttUrls.map((url) => new URL(url));
      // Half of them begin at the second broker.
      const servers = [...addresses.slice(device % addresses.length), ...addresses].map(
        ({ hostname, port }) => ({
          host: hostname,
          port: Number(port),
        }),
      );
      const session = { clientId, clean: false, reconnectPeriod: 200, connectTimeout: 5000 };
      const client = await connectAsync({ ...session, servers: servers.slice(0, addresses.length) });
      client.on("error", () => undefined);
      return client;
    }),
  );
  const works = [
    ...clients.flatMap((client, device) => {
      const next = sequence();
      return Array.from({ length: options.window }, () =>
        publish(crew, { client, id: `mqtt-${device}`, next }),
      );
    }),
    ...Array.from({ length: options.legacy }, (_, device) => post(crew, `legacy-${device}`)),
  ];
  let underWay = works.length;
  const counted = works.map((work) => work.finally(() => (underWay -= 1)));
  return {
    readings,
    nonsense,
    surprises,
    async stop() {
      stopping.abort();
      await until("everything is acknowledged", () => underWay === 0, {
        withinMs: lastAcknowledgementsMs,
      }).catch(() => undefined);
      leaving.abort();
      await Promise.all(clients.map((client) => client.endAsync(true).catch(() => undefined)));
      await Promise.race([Promise.allSettled(counted), pause(1000)]);
    },
  };
}

interface Crew extends FleetOptions {
  readonly readings: Book;
  readonly nonsense: Book;
  readonly surprises: string[];
  /** Nothing new is sent from then on. */
  readonly stopping: AbortSignal;
  /** Nothing is repeated from then on. */
  readonly leaving: AbortSignal;
}

/** Numbers of messages and timestamps that never repeat. */
function sequence(): () => { number: number; timestampUs: number } {
  let number = 0;
  let newestUs = 0;
  return () => {
    number += 1;
    newestUs = Math.max(newestUs + 1, Date.now() * 1000);
    return { number, timestampUs: newestUs };
  };
}

function temperatureOf(number: number, { impossibleEvery }: FleetOptions): number {
  return number % impossibleEvery === 0 ? impossibleTemperature : 22 + (number % 10) / 10;
}

interface Device {
  readonly client: MqttClient;
  readonly id: string;
  readonly next: ReturnType<typeof sequence>;
}

/** One place of a device's window: a message, its acknowledgement, a rest, the next message. */
async function publish(crew: Crew, { client, id, next }: Device): Promise<void> {
  const topic = `devices/${id}/telemetry`;
  while (!crew.stopping.aborted) {
    const { number, timestampUs } = next();
    const isNonsense = number % nonsenseEvery === 0;
    const timestamp = formatTimestamp(timestampUs);
    const payload = isNonsense
      ? `{"nonsense ${id}/${number}`
      : JSON.stringify({ temperature: temperatureOf(number, crew), timestamp });
    const book = isNonsense ? crew.nonsense : crew.readings;
    const keys = isNonsense ? [payload] : [`${id}/temperature/${timestampUs}`];
    book.send(keys);
    try {
      await client.publishAsync(topic, payload, { qos: 1 });
      book.acknowledge(keys);
    } catch {
      // The client repeats until it is ended; ended, it tells every message that was under way.
      return;
    }
    await pause(crew.restMs);
  }
}

/** A client of the old door: the same request until it is answered 202. */
async function post(crew: Crew, id: string): Promise<void> {
  const next = sequence();
  while (!crew.stopping.aborted) {
    const { number, timestampUs } = next();
    const metrics = [
      { type: "temperature", value: temperatureOf(number, crew) },
      { type: "humidity", value: 40 + (number % 7) },
    ];
    const body = JSON.stringify({ device_id: id, timestamp: formatTimestamp(timestampUs), metrics });
    const keys = metrics.map(({ type }) => `${id}/${type}/${timestampUs}`);
    crew.readings.send(keys);
    if (await postUntilTaken(crew, body)) crew.readings.acknowledge(keys);
    await pause(crew.restMs);
  }
}

async function postUntilTaken({ httpUrl, surprises, leaving }: Crew, body: string): Promise<boolean> {
  for (;;) {
    const status = await statusOfPost(httpUrl, body);
    if (status === 202) return true;
    if (status !== 503 && status !== undefined) surprises.push(`POST /data answered ${status} to ${body}`);
    if (leaving.aborted) return false;
    await pause(200);
  }
}

/** Undefined when nobody answered. */
async function statusOfPost(httpUrl: string, body: string): Promise<number | undefined> {
  try {
    const answer = await fetch(`${httpUrl}/data`, {
      method: "POST",
      body,
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return undefined;
  }
}
