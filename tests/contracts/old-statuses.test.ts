import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SharedPersistence, type SharedPersistenceOptions } from "../../broker/cluster/shared-persistence.ts";
import { forgetStatuses } from "../../broker/devices/old-statuses.ts";
import { openMemoryPersistence } from "../../broker/memory-persistence.ts";
import type { KeptPacket, Persistence } from "../../broker/persistence.ts";
import { openRedisCommons } from "../../platform/redis/commons.ts";
import { toStatus } from "../../schema/presence.ts";
import { statusTopic } from "../../schema/topics.ts";
import { limits, places } from "./broker-places.ts";
import { nowUs, silent } from "./samples.ts";

interface Shelf {
  readonly persistence: Persistence;
  stop(): Promise<void>;
}

async function memory(): Promise<Shelf> {
  return { persistence: openMemoryPersistence(), stop: () => Promise.resolve() };
}

async function redis(): Promise<Shelf> {
  const place = await places[0][1]();
  const commons = await openRedisCommons({ url: place.url, limits, log: silent });
  // Of retained messages it asks nobody else.
  const options = { sessions: commons.sessions, log: silent } as SharedPersistenceOptions;
  const stop = async (): Promise<void> => {
    await commons.close();
    await place.stop();
  };
  return { persistence: new SharedPersistence(options), stop };
}

describe.each([
  ["in memory", memory],
  ["on Redis", redis],
])("retained statuses %s", (_name, open) => {
  let shelf: Shelf;

  beforeEach(async () => {
    shelf = await open();
  });
  afterEach(() => shelf.stop());

  const tell = (deviceId: string, daysAgo: number, isOnline = false) => {
    const reason = isOnline ? "connected" : "lost";
    const payload = toStatus({ deviceId, isOnline, sinceUs: nowUs() - daysAgo * 86_400e6, reason });
    const packet = { cmd: "publish", topic: statusTopic(deviceId), payload: Buffer.from(payload), qos: 1 };
    // As Aedes has it.
    return shelf.persistence.storeRetained({ ...packet, brokerId: "b", brokerCounter: 1 } as Parameters<
      Persistence["storeRetained"]
    >[0]);
  };

  async function told(): Promise<string[]> {
    const found: string[] = [];
    for await (const { topic = "" } of shelf.persistence.createRetainedStream(
      "#",
    ) as AsyncIterable<KeptPacket>)
      found.push(topic.split("/")[1] ?? "");
    return found.toSorted();
  }

  const forget = (unknown: ((ids: readonly string[]) => Promise<readonly string[]>) | null) =>
    forgetStatuses({
      persistence: shelf.persistence,
      store: unknown === null ? null : { unknown },
      keptDays: 30,
      settleMs: 10,
      now: nowUs,
      log: silent,
    });

  test("go with the device in the database; those of devices that are there, are known, or have just left stay", async () => {
    for (let place = 0; place < 700; place += 1) await tell(`once-${place}`, 1);
    await tell("known", 40);
    await tell("just-left", 0);
    await tell("here", 40, true);
    expect(await forget(async (ids) => ids.filter((id) => id !== "known"))).toBe(700);
    expect(await told()).toEqual(["here", "just-left", "known"]);
    expect(await forget(async () => [])).toBe(0);
  });

  test("that are told anew while it is asked, or written down late, stay", async () => {
    for (const id of ["gone", "back", "late"]) await tell(id, 40);
    let questions = 0;
    const unknown = async (ids: readonly string[]) => {
      questions += 1;
      if (questions === 2) await tell("back", 0, true);
      return questions === 1 ? ids : ids.filter((id) => id !== "late");
    };
    expect(await forget(unknown)).toBe(2);
    expect(await told()).toEqual(["back", "late"]);
  });

  test("go by their age where there is no database", async () => {
    await tell("old", 31);
    await tell("young", 29);
    expect(await forget(null)).toBe(1);
    expect(await told()).toEqual(["young"]);
  });
});
