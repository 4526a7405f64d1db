import { listProxies } from "../../platform/access/peer.ts";
import { readConfig, serviceNames } from "../../platform/config.ts";
import { type HttpDoor, openHttpDoor } from "../../platform/http/http-server.ts";
import { LimitNotices } from "../../platform/limit-notices.ts";
import { openLog, openMetrics } from "../../platform/telemetry.ts";
import { startWeb, type WebDeps } from "../../web/service.ts";

export interface BareWeb {
  readonly door: HttpDoor;
  /** Every route on the door, as `GET /api/v1/me`. */
  readonly routes: readonly string[];
  stop(): Promise<void>;
}

/** The operators' side with all its routes, and nothing behind them: what it says of itself can be asked, and no more. */
export async function openBareWeb(): Promise<BareWeb> {
  const log = openLog({ level: "silent", format: "json" });
  const metrics = openMetrics();
  const config = readConfig(serviceNames, { ACCESS: "credentials" });
  const notices = new LimitNotices({ log, metrics });
  const door = openHttpDoor({ log, config, proxies: listProxies([]), notices });
  const routes: string[] = [];
  door.addHook("onRoute", ({ method, url }) => {
    routes.push(...[method].flat().map((one) => `${one} ${url}`));
  });
  const nobody = Promise.resolve(null);
  const stubs = {
    ...{ config, door, log, metrics, now: () => 0 },
    doors: () => ({ mqttHost: "localhost", mqttPort: 1883, httpUrl: "http://localhost:8080" }),
    operators: { offerFirstAdmin: () => nobody },
    sessions: { forgetEnded: () => nobody },
    callers: { peerOf: () => ({ isSecure: false, host: "localhost", address: "" }) },
    events: { subscribe: async () => ({ stop: () => nobody }) },
  };
  // As much as routes reach while they are put on the door.
  const web = await startWeb(stubs as unknown as WebDeps);
  await door.ready();
  const stop = async (): Promise<void> => {
    await web.stop();
    await door.close();
  };
  return { door, routes, stop };
}
