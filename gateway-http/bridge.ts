import { setTimeout as pause } from "node:timers/promises";
import { connect, type MqttClient } from "mqtt";
import { messageOf, PlatformError } from "../platform/errors.ts";
import type { LimitNotices } from "../platform/limit-notices.ts";
import type { Running } from "../platform/ports.ts";
import type { Log } from "../platform/telemetry.ts";
import { serviceUserName } from "../schema/access.ts";
import { telemetryTopic } from "../schema/topics.ts";
import type { Sample } from "../schema/wire.ts";
import { type MessageLimits, messagesOf } from "./message.ts";

/** How long a PUBACK may take before the HTTP client is told to come again. */
const acknowledgementMs = 5000;
const reconnectMs = 500;
/**
 * Beyond so many messages without a PUBACK, or when one has waited for so long, nothing more is sent. What is sent is stored some day, and
 * who is told to come again sends it once more: so it is told before.
 */
const mostUnacknowledged = 5000;
const stalledMs = 2000;
/** A PUBACK that takes longer never comes; longer than the broker holds back what the stream has no room for. */
const hopelessMs = 30_000;

/** The way from HTTP to MQTT. */
export interface Bridge extends Running {
  /** Resolves when the broker is connected, or after `ms`: a door without a broker still answers, with 503. */
  settle(ms: number): Promise<void>;
  /**
   * Publishes the samples of one request with QoS 1; resolves after every PUBACK.
   * @throws PlatformError GATEWAY_BUSY, retryable, when nothing was sent; BROKER_DOWN, retryable: what was sent before may be stored,
   * and sending all of it again is harmless for readings with a timestamp.
   */
  publish(samples: readonly Sample[]): Promise<void>;
}

/** What the bridge shows the broker to be let in: made anew for every connection, for it is good for a moment. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * Opens the bridge. A client that reconnects by itself sends again what was in flight, minutes after its sender was told 503; so
 * each connection is a client of its own, and what was in flight dies with it.
 */
export function openBridge(options: {
  url: string;
  limits: MessageLimits;
  login: () => Promise<Login>;
  notices: LimitNotices;
  log: Log;
}): Bridge {
  const { url, limits, login, notices, log } = options;
  let link: Link | undefined;
  let isStopped = false;
  let retry: NodeJS.Timeout | undefined;

  const onGone = (): void => {
    if (!isStopped) retry = setTimeout(() => void open(), reconnectMs);
  };
  const open = async (): Promise<void> => {
    const shown = await login();
    if (!isStopped) link = openLink({ url, log, login: shown, onGone });
  };
  void open();

  return {
    async settle(ms) {
      const deadline = performance.now() + ms;
      while (link?.isUp() !== true && performance.now() < deadline) await pause(20);
    },
    async publish(samples) {
      const current = link;
      if (current === undefined || !current.isUp()) throw brokerDown("the broker is not connected");
      const wait = current.waiting();
      if (wait.messages >= mostUnacknowledged || wait.longestMs > stalledMs) {
        notices.tell("http_unacknowledged", { ...wait });
        throw new PlatformError("GATEWAY_BUSY", busy(wait), { retryable: true });
      }
      const messages = messagesOf(samples, limits);
      await Promise.all(
        messages.map(({ deviceId, payload }) => current.publish(telemetryTopic(deviceId), payload)),
      );
    },
    async stop() {
      isStopped = true;
      clearTimeout(retry);
      await link?.close();
    },
  };
}

/** What the broker has not acknowledged yet. */
interface Wait {
  readonly messages: number;
  readonly longestMs: number;
}

function busy({ messages, longestMs }: Wait): string {
  const since = `the oldest for ${Math.round(longestMs)} ms`;
  return `the reading was not taken: ${messages} messages before it are not acknowledged, ${since}; send it again`;
}

/** One connection, from its first attempt to its end. */
interface Link {
  isUp(): boolean;
  waiting(): Wait;
  publish(topic: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

function openLink({
  url,
  log,
  login,
  onGone,
}: {
  url: string;
  log: Log;
  login: Login;
  onGone: () => void;
}): Link {
  const client: MqttClient = connect(url, {
    ...login,
    clientId: `${serviceUserName("gateway-http")}/${crypto.randomUUID()}`,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    queueQoSZero: false,
  });
  const inFlight = new Set<(reason: PlatformError) => void>();
  /** When each was sent, in that order; also of those whose sender was told not to wait any more. */
  const unacknowledged = new Map<symbol, number>();
  let isUp = false;
  let isGone = false;
  client.on("connect", () => {
    isUp = true;
    log.info("gateway connected to the broker");
  });
  client.on("error", (error) => log.debug({ reason: error.message }, "gateway connection failed"));
  client.on("close", () => {
    if (isGone) return;
    isGone = true;
    if (isUp) log.info("gateway lost the broker");
    isUp = false;
    for (const refuse of inFlight) refuse(brokerDown("the connection to the broker broke"));
    client.end(true);
    onGone();
  });
  return {
    isUp: () => isUp,
    waiting() {
      const [oldestMs = performance.now()] = unacknowledged.values();
      const longestMs = performance.now() - oldestMs;
      // The next connection begins anew.
      if (longestMs > hopelessMs) client.stream.destroy();
      return { messages: unacknowledged.size, longestMs };
    },
    close: () => client.endAsync(true),
    publish(topic, payload) {
      return new Promise((resolve, reject) => {
        const refuse = (reason: PlatformError): void => {
          clearTimeout(late);
          inFlight.delete(refuse);
          reject(reason);
        };
        const late = setTimeout(
          () => refuse(brokerDown(`no PUBACK within ${acknowledgementMs} ms`)),
          acknowledgementMs,
        );
        inFlight.add(refuse);
        const message = Symbol();
        unacknowledged.set(message, performance.now());
        client.publish(topic, payload, { qos: 1 }, (error) => {
          unacknowledged.delete(message);
          if (error) return refuse(brokerDown(messageOf(error), error));
          clearTimeout(late);
          inFlight.delete(refuse);
          resolve();
        });
      });
    },
  };
}

function brokerDown(reason: string, cause?: unknown): PlatformError {
  const message = `the reading was not taken: ${reason}; send it again`;
  return new PlatformError("BROKER_DOWN", message, { cause, retryable: true });
}
