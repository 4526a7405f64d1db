import { setTimeout as pause } from "node:timers/promises";
import { connect, type MqttClient } from "mqtt";
import type { HeardWill, Life } from "./witness.ts";

/** Clients with wills that do not come back soon, and subscribers that hear the wills. */
export interface Mortals {
  readonly lives: readonly Life[];
  readonly heard: readonly HeardWill[];
  stop(): Promise<void>;
}

const mortalsPerBroker = 4;
/** Longer than their wills may take, so that these are published. */
const goneMs = 7000;

/** Starts them on every broker; a broker is called after its place. */
export async function startMortals(mqttUrls: readonly string[]): Promise<Mortals> {
  const lives: Life[] = [];
  const heard: HeardWill[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const subscribers = mqttUrls.map((url, place) => hearWills(url, `subscriber-${place}`, heard));
  const works = mqttUrls.flatMap((url, place) =>
    Array.from({ length: mortalsPerBroker }, (_, number) =>
      liveAgainAndAgain({
        url,
        broker: `broker-${place}`,
        id: `mortal-${place}-${number}`,
        lives,
        signal,
        stopped,
      }),
    ),
  );
  return {
    lives,
    heard,
    async stop() {
      // First who listens: the wills of those that live until here are nobody's fault.
      await Promise.all(subscribers.map((client) => client.endAsync(true).catch(() => undefined)));
      stopping.abort();
      await Promise.all(works);
    },
  };
}

interface Mortal {
  readonly url: string;
  readonly broker: string;
  readonly id: string;
  readonly lives: Life[];
  readonly signal: AbortSignal;
  readonly stopped: Promise<void>;
}

async function liveAgainAndAgain({ url, broker, id, lives, signal, stopped }: Mortal): Promise<void> {
  for (let number = 0; !signal.aborted; number += 1) {
    const name = `${id}/${number}`;
    const will = {
      topic: `devices/${id}/messages/will`,
      payload: Buffer.from(name),
      qos: 1 as const,
      retain: false,
    };
    const client = connect(url, {
      clientId: id,
      will,
      reconnectPeriod: 0,
      connectTimeout: 3000,
      keepalive: 60,
    });
    client.on("error", () => undefined);
    const ended = new Promise<void>((resolve) => client.once("close", () => resolve()));
    // A broker may have taken it in although its CONNACK comes too late: then there is a will, and no life to be judged.
    const life: Life = { name, broker, fromMs: Number.POSITIVE_INFINITY, untilMs: undefined };
    lives.push(life);
    client.once("connect", () => {
      life.fromMs = performance.now();
    });
    await Promise.race([ended, stopped]);
    if (!signal.aborted) life.untilMs = performance.now();
    await client.endAsync(true).catch(() => undefined);
    await pause(Number.isFinite(life.fromMs) ? goneMs : 300, undefined, { signal }).catch(() => undefined);
  }
}

/** A life may be told of by several brokers' subscribers, to each of them once. */
function hearWills(url: string, subscriber: string, heard: HeardWill[]): MqttClient {
  const client = connect(url, { clientId: subscriber, reconnectPeriod: 200 });
  client.on("error", () => undefined);
  client.on("connect", () => client.subscribe("devices/+/messages/will", { qos: 1 }));
  client.on("message", (_topic, payload) => {
    heard.push({ name: payload.toString(), subscriber, atMs: performance.now() });
  });
  return client;
}
