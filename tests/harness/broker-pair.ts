import { rmSync } from "node:fs";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { createRedis, type LocalServer, temporaryFolder, until } from "./local-servers.ts";
import { type Program, startProgram } from "./program.ts";
import { metricOf } from "./services.ts";

/** A client, and what it hears from the first packet on. */
export interface Guest {
  readonly client: MqttClient;
  readonly isSessionPresent: boolean;
  /** As `topic payload qos`. */
  readonly said: string[];
  /** When each came, by `performance.now()`. */
  readonly times: number[];
}

/** Two brokers on a Redis of their own. */
export interface BrokerPair {
  readonly redis: LocalServer;
  readonly brokers: readonly [Program, Program];
  /** A client of one of them, connected. It does not connect again unless told to. */
  connect(broker: Program, options: IClientOptions): Promise<Guest>;
  /** Starts another broker, or one in the place of a dead one. */
  start(): Promise<Program>;
  /** Waits until each of these sees all others of them, and nobody else. */
  acquainted(brokers: readonly Program[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Redis and two brokers, and waits until they know of each other. */
export async function startBrokerPair(url?: string): Promise<BrokerPair> {
  const folder = temporaryFolder("brokers");
  const redis = await createRedis(folder);
  if (url === undefined) await redis.start();
  const programs: Program[] = [];
  const clients: MqttClient[] = [];
  const start = async (): Promise<Program> => {
    const program = startProgram(["broker"], { REDIS_URL: url ?? redis.url, LOG_LEVEL: "debug" });
    programs.push(program);
    await program.ready();
    return program;
  };
  const acquainted = async (brokers: readonly Program[]): Promise<void> => {
    await until("the brokers know of each other", async () => {
      const known = await Promise.all(brokers.map((broker) => metricOf(broker, "iot_broker_peers")));
      return known.every((count) => count === brokers.length - 1);
    });
  };
  const brokers = [await start(), await start()] as const;
  await acquainted(brokers);
  return {
    redis,
    brokers,
    start,
    acquainted,
    async connect(broker, options) {
      const { mqtt = "" } = await broker.ready();
      const client = connect(mqtt, { reconnectPeriod: 0, ...options });
      clients.push(client);
      const [said, times]: [string[], number[]] = [[], []];
      client.on("message", (topic, payload, { qos }) => {
        // That the platform tells who is there is another test's.
        if (topic.endsWith("/status")) return;
        said.push(`${topic} ${payload} ${qos}`);
        times.push(performance.now());
      });
      const isSessionPresent = await new Promise<boolean>((resolve, reject) => {
        client.once("connect", ({ sessionPresent }) => resolve(sessionPresent));
        client.once("error", reject);
        client.once("close", () => reject(new Error("the broker closed the connection")));
      });
      client.on("error", () => undefined);
      return { client, isSessionPresent, said, times };
    },
    async stop() {
      for (const client of clients) client.end(true);
      await Promise.all(programs.map((program) => program.kill("SIGKILL")));
      await redis.stop("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
