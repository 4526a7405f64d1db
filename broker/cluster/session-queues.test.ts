import type { Client } from "aedes";
import { expect, test, vi } from "vitest";
import type { SharedSessions } from "../../platform/broker-commons.ts";
import type { LimitNotices } from "../../platform/limit-notices.ts";
import { openLog } from "../../platform/telemetry.ts";
import { encodeMessage } from "./message-bytes.ts";
import { SessionQueues } from "./session-queues.ts";

test("news of a message that came from the queue is none, also once the client has acknowledged it", async () => {
  const message = encodeMessage({
    ...{ brokerId: "a", number: 7, topic: "devices/d/messages/go", payload: Buffer.from("1") },
    ...{ qos: 1 as const, isRetained: false, clientId: "device" },
  });
  const sessions = {
    queued: async function* () {
      yield { id: "a:7", message, packetId: undefined, isReleased: false };
    },
    note: async () => undefined,
    settle: async () => undefined,
  } as unknown as SharedSessions;
  const log = openLog({ level: "silent", format: "json" });
  const queues = new SessionQueues({ sessions, notices: {} as LimitNotices, log });
  const client = { id: "kept", clean: false } as Client;
  const live = { cmd: "publish", qos: 1, brokerId: "a", brokerCounter: 7 };
  expect(queues.isUnderWay(client, live)).toBe(false);
  for await (const packet of queues.waiting(client)) {
    await queues.sending(client, Object.assign(packet, { messageId: 1 }));
    expect(queues.isUnderWay(client, live)).toBe(true);
    await queues.acknowledged(client, 1);
  }
  expect(queues.isUnderWay(client, live)).toBe(true);
  expect(queues.isUnderWay(client, { ...live, brokerCounter: 8 })).toBe(false);

  // The other way round: it came live and was acknowledged while the queue was being read.
  const other = { id: "kept", clean: false } as Client;
  await queues.sending(other, { ...live, messageId: 2 });
  await queues.acknowledged(other, 2);
  for await (const packet of queues.waiting(other)) expect(packet).toBeUndefined();
});

test("what went out is not kept for ever where the queue could not be read to its end", async () => {
  vi.useFakeTimers();
  const sessions = {
    queued: async function* () {
      yield await Promise.reject(new Error("Redis is away"));
    },
    note: async () => undefined,
    settle: async () => undefined,
  } as unknown as SharedSessions;
  const log = openLog({ level: "silent", format: "json" });
  const queues = new SessionQueues({ sessions, notices: {} as LimitNotices, log });
  const client = { id: "kept", clean: false } as Client;
  const live = { cmd: "publish", qos: 1, brokerId: "a", brokerCounter: 7 };
  await queues.sending(client, { ...live, messageId: 1 });
  await queues.acknowledged(client, 1);
  await expect(queues.waiting(client).next()).rejects.toThrow("Redis is away");
  expect(queues.isUnderWay(client, live)).toBe(true);
  vi.advanceTimersByTime(10_000);
  expect(queues.isUnderWay(client, live)).toBe(false);
  vi.useRealTimers();
});
