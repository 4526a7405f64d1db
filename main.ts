import { fork } from "node:child_process";
import { inspect } from "node:util";
import { onStores, runCommand, runDoctor } from "./administration.ts";
import { type Engines, enginesOf } from "./engines.ts";
import type { Callers } from "./platform/access/callers.ts";
import { listProxies } from "./platform/access/peer.ts";
import {
  type Addresses,
  banner,
  brokerAddresses,
  httpUrl,
  plainMqttUrl,
  reachable,
} from "./platform/addresses.ts";
import { type Order, readCommandLine } from "./platform/command-line.ts";
import { type Config, isRunByNpm, readConfig, type ServiceName, serviceNames } from "./platform/config.ts";
import { PlatformError } from "./platform/errors.ts";
import { isLegacyDoorOpen } from "./platform/exposure.ts";
import { Certificate } from "./platform/http/certificate.ts";
import { closeHttp, type HttpDoor, listenHttp, openHttpDoor } from "./platform/http/http-server.ts";
import { type MayReadMetrics, mountProbe, type Probe } from "./platform/http/probe.ts";
import { needsCertificate, plainMqttHost } from "./platform/http/tls-listeners.ts";
import { Lifecycle, onHangUp, parentGone, stopSignal } from "./platform/lifecycle.ts";
import { LimitNotices } from "./platform/limit-notices.ts";
import { type Log, type Metrics, openLog, openMetrics } from "./platform/telemetry.ts";
import type { DoorsAnswer } from "./schema/api.ts";
import { judge } from "./schema/operator.ts";
import { openLinkStores, type Stores } from "./stores.ts";

const now = (): number => Date.now() * 1000;

// A process loads the services that it runs, and no others.
const code = {
  broker: () => import("./broker/service.ts"),
  processor: () => import("./processor/service.ts"),
  gateway: () => import("./gateway-http/service.ts"),
  web: () => import("./web/service.ts"),
};

/** What one process holds while it starts, runs and stops. */
interface Launch {
  readonly services: readonly ServiceName[];
  readonly config: Config;
  readonly log: Log;
  readonly life: Lifecycle;
  /** A part that cannot be replaced has ended by itself: stop, and let whoever started us start us again. */
  readonly onLost: (part: string) => void;
}

/** Starts what was asked for: who stores before who takes in, so that a stop, in reverse, ends the intake first. */
async function start(launch: Launch): Promise<Addresses> {
  const { services, config, log, life } = launch;
  const engines = enginesOf(launch);
  const metrics = openMetrics();
  const shared = { config, log, metrics, now, certificate: await openCertificate(launch, metrics) };
  const addresses: Addresses = {};
  let state: "starting" | "ready" = "starting";
  const probe: Probe = { metrics, state: () => (life.isStopping ? "stopping" : state) };
  // First of all, where it is a door of its own: to bring tables up to date may take an hour, and is not what probes kill for.
  const isProbeApart = services.length < serviceNames.length || config.HTTP_TLS;
  const probeAt = { port: config.PROBE_PORT, setting: "PROBE_PORT" };
  const probeUrl = isProbeApart ? await openTo(launch, newDoor(launch, probe), probeAt) : undefined;

  if (services.includes("processor")) {
    const deps = {
      ...shared,
      ...(await engines.stores()),
      stream: await engines.stream(),
      events: await engines.events(),
    };
    const { startProcessor } = await code.processor();
    await life.run("processor", () => startProcessor(deps));
  }
  let { MQTT_PORT: mqttPort } = config;
  if (services.includes("broker")) {
    // Who asks credentials needs the database from the start; who is a whole platform has it.
    const isOpen = config.ACCESS === "open";
    const access = isOpen ? null : (await engines.stores()).access;
    const isAlone = isOpen && services.length === 1;
    const links = isAlone ? await openLinkStores(launch) : linksIn(await engines.stores());
    const secrets = links?.secrets ?? null;
    const [stream, events, commons] = [
      await engines.stream(),
      await engines.events(),
      await engines.commons(),
    ];
    const deps = { ...shared, access, secrets, links, stream, events, commons };
    const { startBroker } = await code.broker();
    const broker = await life.run("broker", () => startBroker(deps));
    mqttPort = broker.ports.mqtt;
    Object.assign(addresses, brokerAddresses(config, broker.ports));
  }
  await startHttp(launch, { engines, shared, mqttPort, addresses, probe });
  if (probeUrl !== undefined) addresses.probe = probeUrl;
  state = "ready";
  return addresses;
}

/** What a broker asks of the database. */
function linksIn({ presence, commands, secrets }: Stores) {
  return { presence, commands, secrets };
}

/** The certificate of every listener of this process that has TLS. */
async function openCertificate(
  { services, config, log, life }: Launch,
  metrics: Metrics,
): Promise<Certificate | undefined> {
  if (!needsCertificate(config, services)) return undefined;
  const certificate = await life.run(
    "certificate",
    () => new Certificate({ settings: config, log, metrics }),
  );
  await life.run("reload by SIGHUP", () => onHangUp(() => certificate.reload()));
  return certificate;
}

interface HttpParts {
  readonly engines: Engines;
  readonly shared: {
    config: Config;
    log: Log;
    metrics: Metrics;
    now: () => number;
    certificate: Certificate | undefined;
  };
  readonly mqttPort: number;
  readonly addresses: Addresses;
  readonly probe: Probe;
}

/** The HTTP services share one listener unless WEB_PORT says otherwise. */
async function startHttp(
  launch: Launch,
  { engines, shared, mqttPort, addresses, probe }: HttpParts,
): Promise<void> {
  const { services, config, life } = launch;
  const certificate = config.HTTP_TLS ? shared.certificate : undefined;
  const publicDoor = async (): Promise<HttpDoor> => {
    const mayReadMetrics = metricsReaders((await engines.stores()).callers);
    return newDoor(launch, { ...probe, mayReadMetrics }, certificate);
  };
  const gatewayDoor = services.includes("gateway-http") ? await publicDoor() : undefined;
  if (gatewayDoor !== undefined) {
    const mqttUrl = config.MQTT_URL ?? plainMqttUrl(config, mqttPort);
    const deps = { ...shared, ...(await engines.stores()), door: gatewayDoor, mqttUrl };
    const { startGateway } = await code.gateway();
    await life.run("gateway-http", () => startGateway(deps));
  }
  if (services.includes("web")) {
    const isShared = gatewayDoor !== undefined && config.WEB_PORT === config.HTTP_PORT;
    const door = isShared ? gatewayDoor : await publicDoor();
    const mqttHost = reachable(plainMqttHost(config));
    const doors = (): DoorsAnswer => ({
      mqttHost,
      mqttPort,
      httpUrl: addresses.http ?? httpUrl(config.HOST, config.HTTP_PORT, config.HTTP_TLS),
      needsCredentials: config.ACCESS === "credentials",
      needsKey: !isLegacyDoorOpen(config),
    });
    const deps = {
      ...shared,
      ...(await engines.stores()),
      stream: await engines.stream(),
      events: await engines.events(),
      door,
      doors,
    };
    const { startWeb } = await code.web();
    const web = await life.run("web", () => startWeb(deps));
    if (web.firstAdmin !== undefined) addresses.firstAdmin = web.firstAdmin;
    if (!isShared)
      addresses.console = await openTo(launch, door, { port: config.WEB_PORT, setting: "WEB_PORT" });
  }
  if (gatewayDoor !== undefined) {
    addresses.http = await openTo(launch, gatewayDoor, { port: config.HTTP_PORT, setting: "HTTP_PORT" });
    if (services.includes("web")) addresses.console ??= addresses.http;
  }
}

/** On a door that the world may reach the metrics are for viewers. */
function metricsReaders(callers: Callers): MayReadMetrics {
  const asked = { role: "viewer", path: "/metrics", isChange: false, isForPeople: false } as const;
  return async (request) => judge(await callers.identify(request), asked) === "allowed";
}

/** A door with its probes on it, not yet open. */
function newDoor(
  { config, log }: Launch,
  probe: Parameters<typeof mountProbe>[1],
  certificate?: Certificate,
): HttpDoor {
  const proxies = listProxies(config.TRUSTED_PROXIES);
  const notices = new LimitNotices({ log, metrics: probe.metrics });
  const door = openHttpDoor({ log, config, proxies, notices, certificate });
  mountProbe(door, probe);
  return door;
}

/** Listens once everything behind the door stands; so on a stop the door closes before it. */
async function openTo(
  { config, life }: Launch,
  door: HttpDoor,
  { port, setting }: { port: number; setting: string },
): Promise<string> {
  const listening = () => listenHttp(door, { host: config.HOST, port, setting });
  // Probes are asked by machinery beside us, which knows no certificates.
  const isSecure = config.HTTP_TLS && setting !== "PROBE_PORT";
  const listener = await life.add(`listener ${setting}`, listening, () => closeHttp(door));
  return httpUrl(config.HOST, listener, isSecure);
}

/** A simulated fleet in a process of its own: it speaks as devices would, and goes when this process goes. */
function startFleet({ mqtt, http }: Addresses, life: Lifecycle): Promise<unknown> {
  const args = ["fleet", ...(mqtt ? ["--mqtt-url", mqtt] : []), ...(http ? ["--http-url", http] : [])];
  const start = () => fork(new URL("./simulators/main.js", import.meta.url), args, { execArgv: [] });
  return life.add("fleet", start, (fleet) => {
    if (fleet.connected) fleet.disconnect();
  });
}

/** Runs until a signal, or until a part is lost that only a new process can bring back; answers with the exit code. */
async function run({ services, isSimulated }: Extract<Order, { kind: "start" }>): Promise<number> {
  const config = readConfig(services);
  if (isSimulated && config.ACCESS !== "open") throw unprovisioned();
  const log = openLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const life = new Lifecycle(log, config.STOP_DEADLINE_SECONDS * 1000);
  const lost = new AbortController();
  const orders = isRunByNpm() ? [stopSignal(), parentGone()] : [stopSignal()];
  const ended = Promise.race([...orders, aborted(lost.signal)]);
  try {
    const starting = start({ services, config, log, life, onLost: (part) => lost.abort(part) });
    const addresses = await Promise.race([starting, ended]);
    // Stopped while starting: what is not started yet refuses to, and nobody waits for it.
    if (typeof addresses === "string") starting.catch(() => undefined);
    else {
      if (isSimulated) await startFleet(addresses, life);
      log.info({ services, ...addresses }, "ready");
      process.stdout.write(banner(addresses));
    }
    log.info({ cause: await ended }, "stopping");
  } finally {
    await life.stop();
  }
  log.info("stopped");
  return lost.signal.aborted ? 1 : 0;
}

/** A simulated fleet has no credentials of its own. */
function unprovisioned(): PlatformError {
  const message =
    "--simulate starts devices that have no credentials: leave it out, or set ACCESS=open; " +
    "a fleet with an account of its own: npm run sim -- fleet --account FILE";
  return new PlatformError("CONFIG_INVALID", message, { retryable: false });
}

function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(String(signal.reason)));
  });
}

function failed(error: unknown): number {
  const line = error instanceof PlatformError ? `${error.code}: ${error.message}` : inspect(error);
  process.stderr.write(`tidemark: ${line}\n`);
  return 1;
}

const order = readCommandLine(process.argv.slice(2));
switch (order.kind) {
  case "print":
    (order.exitCode === 0 ? process.stdout : process.stderr).write(order.text);
    process.exitCode = order.exitCode;
    break;
  case "administer":
    process.exitCode = await runCommand(order.command).catch(failed);
    break;
  case "score":
    process.exitCode = await code
      .processor()
      .then(({ scoreFile }) => scoreFile(order))
      .then(() => 0, failed);
    break;
  case "verify":
    process.exitCode = await onStores(async ({ training }) => {
      const { verifyModel } = await code.processor();
      return verifyModel(order, training);
    }).catch(failed);
    break;
  case "doctor":
    process.exitCode = await runDoctor(order).catch(failed);
    break;
  case "start":
    process.exit(await run(order).catch(failed));
}
