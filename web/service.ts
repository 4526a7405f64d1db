import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import { AccessDesk } from "../platform/access/access-desk.ts";
import type { AccessStore, ClaimStore } from "../platform/access/access-ports.ts";
import { type Callers, hashOf, newSecret } from "../platform/access/callers.ts";
import type { EmbedStore } from "../platform/access/embed-ports.ts";
import type { OperatorStore, SessionStore, TokenStore } from "../platform/access/operator-ports.ts";
import type { AlarmStore } from "../platform/alarms/alarm-ports.ts";
import type { RuleStore } from "../platform/alarms/rule-ports.ts";
import type { Config } from "../platform/config.ts";
import type { SavedViewStore } from "../platform/console/view-ports.ts";
import type { CommandStore } from "../platform/devices/command-ports.ts";
import type { PresenceStore } from "../platform/devices/presence-ports.ts";
import type { ReadingExport } from "../platform/export/export-ports.ts";
import type { HistoryStore } from "../platform/history/ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { RegistryStore } from "../platform/models/model-ports.ts";
import type { TuningStore } from "../platform/models/tuning-ports.ts";
import type { NotificationStore, RoutingStore } from "../platform/notifications/notification-ports.ts";
import type {
  AuditStore,
  Clock,
  DeviceStore,
  EventStream,
  LedgerStore,
  ReadingStore,
  ReadingStream,
  RejectionStore,
  Running,
  SettingStore,
} from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import type { DoorsAnswer } from "../schema/api.ts";
import { mountAlarms } from "./alarm-routes.ts";
import { tendAnswers } from "./answers.ts";
import { mountAudit } from "./audit-routes.ts";
import { mountClaims } from "./claim-routes.ts";
import { CommandDesk } from "./command-desk.ts";
import { mountCommands } from "./command-routes.ts";
import { mountConsolePages, mountEmbedPage } from "./console-paths.ts";
import { mountContract, watchRoutes } from "./contract/routes.ts";
import { mountDeviceLists } from "./device-list-routes.ts";
import { mountDeviceAccess } from "./device-routes.ts";
import { mountEmbeds } from "./embed-routes.ts";
import { mountExport } from "./export/export-routes.ts";
import { guard } from "./guard.ts";
import { mountHistory } from "./history-routes.ts";
import { mountLedger } from "./ledger-routes.ts";
import { startLive } from "./live.ts";
import { mountLogin, mountMe } from "./login-routes.ts";
import { mountModels } from "./model-routes.ts";
import { mountNotifications } from "./notification-routes.ts";
import { mountOperators } from "./operator-routes.ts";
import { mountOps } from "./ops-routes.ts";
import { mountRejected } from "./rejected-routes.ts";
import { mountApi } from "./routes.ts";
import { mountRouting } from "./routing-routes.ts";
import { mountRules } from "./rule-routes.ts";
import { mountServices } from "./service-routes.ts";
import { mountTunings } from "./tuning-routes.ts";
import { mountViews } from "./view-routes.ts";

export interface WebDeps {
  readonly config: Config;
  readonly door: HttpDoor;
  readonly readings: ReadingStore;
  readonly history: HistoryStore;
  readonly readingExport: ReadingExport;
  readonly devices: DeviceStore;
  readonly settings: SettingStore;
  readonly rejections: RejectionStore;
  /** Where a message that is replayed goes. */
  readonly stream: ReadingStream;
  readonly events: EventStream;
  readonly ledger: LedgerStore;
  readonly access: AccessStore;
  readonly claims: ClaimStore;
  readonly operators: OperatorStore;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly embeds: EmbedStore;
  readonly savedViews: SavedViewStore;
  readonly audit: AuditStore;
  readonly callers: Callers;
  readonly presence: PresenceStore;
  readonly commands: CommandStore;
  readonly alarms: AlarmStore;
  readonly rules: RuleStore;
  readonly routing: RoutingStore;
  readonly notifications: NotificationStore;
  readonly tunings: TuningStore;
  readonly registry: RegistryStore;
  /** Where devices and clients find the platform, as far as this process knows. */
  readonly doors: () => DoorsAnswer;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Puts the operators' side on a listener: the built console, its API, and the push. `firstAdmin` is the token to make one with. */
export async function startWeb(
  deps: WebDeps,
): Promise<Running & { readonly firstAdmin: string | undefined }> {
  const { config, door, log } = deps;
  const watched = watchRoutes(door);
  tendAnswers(door, ["/api/v1/", "/docs"]);
  guard(door, deps);
  mountMe(door);
  const people = config.ACCESS === "credentials" ? await startPeople(deps) : undefined;
  mountAudit(door, deps);
  mountApi(door, deps);
  mountHistory(door, deps);
  mountDeviceLists(door, deps);
  mountExport(door, deps);
  await mountAlarms(door, deps);
  await mountRules(door, deps);
  await mountRouting(door, { ...deps, testMs: config.NOTIFICATION_TIMEOUT_SECONDS * 1000 + 5000 });
  await mountNotifications(door, deps);
  await mountTunings(door, deps);
  await mountModels(door, deps);
  mountOps(door, deps);
  mountLedger(door, { ...deps, shards: config.SHARDS });
  await mountRejected(door, { ...deps, shards: config.SHARDS, rules: replayRules(config) });
  const desk = new AccessDesk(deps);
  await mountDeviceAccess(door, { ...deps, desk });
  await mountServices(door, { ...deps, desk });
  await mountClaims(door, { ...deps, desk });
  await mountEmbeds(door, deps);
  await mountViews(door, deps);
  const commandDesk = new CommandDesk(deps);
  await mountCommands(door, { ...deps, desk: commandDesk });
  mountContract(door, watched, deps.doors);
  const client = clientFolder();
  if (client === undefined) log.warn("console not built; run npm run build");
  else {
    await door.register(fastifyStatic, {
      root: client,
      preCompressed: true,
      cacheControl: false,
      setHeaders: cachePolicy,
    });
    mountConsolePages(door);
    mountEmbedPage(door, config.EMBED_ORIGINS);
  }
  const live = await startLive({ ...deps, http: door.server, onHint: (hint) => commandDesk.hear(hint) });
  // Open sockets would keep the listener from closing.
  door.addHook("preClose", () => live.stop());
  const stop = async (): Promise<void> => {
    await live.stop();
    await people?.stop();
  };
  return { stop, firstAdmin: people?.firstAdmin };
}

const hourMs = 3_600_000;

/** Where everybody is asked who they are: the login, the operators, and the way to the first of them. */
async function startPeople(deps: WebDeps): Promise<Running & { readonly firstAdmin: string | undefined }> {
  const { door, operators, sessions, log } = deps;
  await mountLogin(door, deps);
  await mountOperators(door, deps);
  const tidy = (): void => {
    sessions
      .forgetEnded()
      .catch((error: unknown) => log.warn({ err: error }, "ended sessions not forgotten"));
  };
  tidy();
  const timer = setInterval(tidy, hourMs);
  const firstAdmin = newSecret();
  const offer = await operators.offerFirstAdmin(hashOf(firstAdmin));
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await offer?.stop();
  };
  return { stop, firstAdmin: offer === null ? undefined : firstAdmin };
}

/** A replayed message is held against the limits of the broker. */
function replayRules(config: Config) {
  return {
    maxPayloadBytes: config.MAX_PACKET_BYTES,
    maxReadings: config.MAX_READINGS_PER_MESSAGE,
    maxFutureUs: config.MAX_FUTURE_SECONDS * 1e6,
  };
}

/** Built assets carry a hash in their names and never change; the page that names them is asked for every time. */
function cachePolicy(reply: { setHeader: (name: string, value: string) => void }, path: string): void {
  const isHashed = path.includes("/assets/");
  reply.setHeader("Vary", "Accept-Encoding");
  reply.setHeader("Cache-Control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
}

/** The console's built files: beside this one in dist; under vitest, where this is TypeScript, in dist all the same. */
function clientFolder(): string | undefined {
  const folders = [new URL("./client/", import.meta.url), new URL("../dist/web/client/", import.meta.url)];
  return folders
    .map((folder) => fileURLToPath(folder))
    .find((folder) => existsSync(`${folder}index.html`) && !existsSync(`${folder}vite.config.ts`));
}
