import type { SecretStore } from "../platform/access/access-ports.ts";
import type { Callers } from "../platform/access/callers.ts";
import { signOwnToken, tokenSecretName } from "../platform/access/tokens.ts";
import type { Config } from "../platform/config.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import { LimitNotices } from "../platform/limit-notices.ts";
import type { Clock, ReadingStore, RejectionStore, Running, SettingStore } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { serviceUserName } from "../schema/access.ts";
import { type Login, openBridge } from "./bridge.ts";
import { RejectionKeeper } from "./rejection-keeper.ts";
import { mountLegacyRoutes } from "./routes.ts";

export interface GatewayDeps {
  readonly config: Config;
  /** The broker to publish to. */
  readonly mqttUrl: string;
  readonly door: HttpDoor;
  readonly readings: ReadingStore;
  readonly rejections: RejectionStore;
  readonly settings: SettingStore;
  readonly secrets: SecretStore;
  readonly callers: Callers;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** How long the start waits for the broker, so that the first request after "ready" finds it. */
const connectionMs = 3000;

/** Puts the legacy HTTP door on a listener: what comes in is published to MQTT, so there is one way for every reading. */
export async function startGateway(deps: GatewayDeps): Promise<Running> {
  const { config, door, rejections, log, metrics } = deps;
  const notices = new LimitNotices({ log, metrics });
  const limits = { maxBytes: config.MAX_PACKET_BYTES, maxReadings: config.MAX_READINGS_PER_MESSAGE };
  const login = await loginWith(deps.secrets);
  const bridge = openBridge({ url: deps.mqttUrl, limits, login, notices, log });
  const rules = {
    maxFutureUs: config.MAX_FUTURE_SECONDS * 1e6,
    maxReadings: config.MAX_READINGS_PER_MESSAGE,
  };
  const keeper = new RejectionKeeper({ rejections, notices, log });
  // A scope of its own, since its body parser is not for the other routes of a shared door.
  await door.register((scope, _options, done) => {
    mountLegacyRoutes(scope, { ...deps, bridge, keeper, rules });
    done();
  });
  await bridge.settle(connectionMs);
  return bridge;
}

/**
 * The gateway is let in as a part of the platform: it knows the secret that the broker knows. A broker that asks nobody sees by it that
 * this connection speaks for many.
 */
async function loginWith(secrets: SecretStore): Promise<() => Promise<Login>> {
  const secret = await secrets.get(tokenSecretName);
  const username = serviceUserName("gateway-http");
  return async () => ({ username, password: await signOwnToken(secret, username) });
}
