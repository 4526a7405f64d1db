import { Type } from "typebox";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { LedgerStore, ReadingStream } from "../platform/ports.ts";
import { DeviceIdText, DeviceLedgerAnswer, DeviceLedgersAnswer, LedgerAnswer } from "../schema/api.ts";
import { accountedIn, type DeviceAccount, toLedger } from "../schema/ledger.ts";
import { shardOf } from "../schema/reading.ts";

export interface LedgerRouteDeps {
  readonly ledger: LedgerStore;
  readonly stream: ReadingStream;
  readonly shards: number;
}

const config = { needs: "viewer" } as const;

/** Empty for messages that name no device. */
const DeviceId = Type.Unsafe<string>({ ...DeviceIdText, minLength: 0 });
/** Waiting entries that are looked through for those of one device. */
const entriesLookedAt = 200;

/** Puts the ledger on a door: what became of everything that was taken in, in all and by device. */
export function mountLedger(door: HttpDoor, deps: LedgerRouteDeps): void {
  const { ledger, stream } = deps;
  door.get("/api/v1/ledger", { config, schema: { response: { 200: LedgerAnswer } } }, async () => {
    // In this order: see `toLedger`.
    const before = await ledger.accounts();
    const tallies = await stream.tallies();
    const sums = toLedger({ before, tallies, after: await ledger.accounts() });
    return { ...sums, state: sums.difference === 0 ? "balanced" : "unbalanced" };
  });
  door.get<{ Querystring: { after: string; limit: number } }>(
    "/api/v1/ledger/devices",
    {
      config,
      schema: {
        querystring: Type.Object({
          after: Type.Unsafe<string>({ ...DeviceId, default: "" }),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
        }),
        response: { 200: DeviceLedgersAnswer },
      },
    },
    async ({ query }) => {
      const devices = await ledger.devices(query);
      const last = devices.length < query.limit ? undefined : devices.at(-1)?.deviceId;
      return { devices: devices.map(withReceived), next: last ?? null };
    },
  );
  door.get<{ Params: { id: string } }>(
    "/api/v1/ledger/devices/:id",
    { config, schema: { params: Type.Object({ id: DeviceId }), response: { 200: DeviceLedgerAnswer } } },
    async ({ params: { id } }) => {
      const account = (await ledger.device(id)) ?? { deviceId: id, stored: 0, duplicate: 0, rejected: 0 };
      const inFlight = await waitingOf(id, deps);
      return { ...account, received: accountedIn(account) + (inFlight ?? 0), inFlight };
    },
  );
}

function withReceived(account: DeviceAccount) {
  return { ...account, received: accountedIn(account) };
}

async function waitingOf(deviceId: string, { stream, shards }: LedgerRouteDeps): Promise<number | null> {
  const entries = await stream.waiting(shardOf(deviceId, shards), entriesLookedAt + 1);
  if (entries.length > entriesLookedAt) return null;
  const frames = entries.flatMap(({ frame }) => (frame === null ? [] : [frame]));
  const ofDevice = frames.flatMap(({ readings, rejections }) =>
    [...readings, ...rejections].filter((one) => (one.deviceId ?? "") === deviceId),
  );
  return ofDevice.length;
}
