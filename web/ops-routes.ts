import type { Config } from "../platform/config.ts";
import type { PresenceStore } from "../platform/devices/presence-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Clock, ReadingStore, ReadingStream, SettingStore } from "../platform/ports.ts";
import type { Metrics } from "../platform/telemetry.ts";
import type { ShardTally } from "../schema/ledger.ts";
import { OpsAnswer, SettingsAnswer, type ShardState } from "../schema/ops.ts";
import { shownSettings } from "./shown-settings.ts";
import { toWriteTimes } from "./write-times.ts";

export interface OpsRouteDeps {
  readonly config: Config;
  readonly stream: ReadingStream;
  readonly readings: ReadingStore;
  readonly presence: PresenceStore;
  readonly settings: SettingStore;
  readonly metrics: Metrics;
  readonly now: Clock;
}

const viewer = { needs: "viewer" } as const;

/** Puts on a door how the machinery stands, and what it was told. */
export function mountOps(door: HttpDoor, deps: OpsRouteDeps): void {
  door.get("/api/v1/ops", { config: viewer, schema: { response: { 200: OpsAnswer } } }, () => look(deps));
  door.get(
    "/api/v1/settings",
    { config: viewer, schema: { response: { 200: SettingsAnswer } } },
    async () => ({
      settings: shownSettings({
        ...deps.config,
        ACTIVE_DEVICE_TIMEOUT_SECONDS: await deps.settings.activeDeviceTimeoutSeconds(),
      }),
    }),
  );
}

async function look({ stream, readings, presence, metrics, now }: OpsRouteDeps): Promise<OpsAnswer> {
  const [tallies, fullness, census, brokers] = await Promise.all([
    stream.tallies(),
    stream.fullness(),
    readings.census(),
    presence.brokers(),
  ]);
  const shards = await Promise.all(
    tallies.map((tally) =>
      toShardState(tally, { stream, now, isOwned: census?.taken.has(tally.shard) ?? true }),
    ),
  );
  const { values: writes } = await metrics.batchSeconds.get();
  const { values: browsers } = await metrics.browsers.get();
  return {
    atUs: now(),
    fullness,
    shards,
    processors: census?.processors ?? 1,
    writes: toWriteTimes(writes),
    brokers: [...brokers],
    consoles: browsers[0]?.value ?? 0,
  };
}

async function toShardState(
  { shard, received, settled, entries }: ShardTally,
  { stream, now, isOwned }: { stream: ReadingStream; now: Clock; isOwned: boolean },
): Promise<ShardState> {
  const [oldest] = entries > 0 ? await stream.waiting(shard, 1) : [];
  const sinceUs = oldest?.frame?.receivedUs;
  const behindMs = sinceUs === undefined ? 0 : Math.max(0, (now() - sinceUs) / 1000);
  return { shard, received, waiting: received - settled, frames: entries, behindMs, isOwned };
}
