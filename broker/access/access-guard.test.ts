import { EventEmitter } from "node:events";
import type { Client } from "aedes";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashPassword } from "../../platform/access/password.ts";
import type { EventStream } from "../../platform/ports.ts";
import { openLog, openMetrics } from "../../platform/telemetry.ts";
import type { Access } from "../../schema/access.ts";
import { AccessGuard } from "./access-guard.ts";

let stored: Access;
/** Somebody changed the access of press-01. */
let tell: () => void;
let guard: AccessGuard;

beforeEach(async () => {
  stored = {
    principal: { kind: "device", deviceId: "press-01" },
    ...{ isEnabled: true, revokedCertificates: [] },
    credentials: [{ id: "1", hash: await hashPassword("right", "chosen"), validUntilMs: null }],
  };
  const subscribe: EventStream["subscribe"] = async ({ onEvent }) => {
    // Nothing else of an event is looked at.
    const changed = { event: { kind: "access-changed", principal: "press-01" } } as Parameters<
      typeof onEvent
    >[0];
    tell = () => void onEvent(changed);
    return { stop: async () => undefined };
  };
  guard = await AccessGuard.open({
    store: { find: async () => [stored] },
    tokens: { verify: async () => ({ kind: "refused", reason: "no" }) },
    events: { subscribe } as EventStream,
    ...{ onRevoked: () => undefined, nowMs: () => 1_000_000 },
    ...{ log: openLog({ level: "silent", format: "json" }), metrics: openMetrics() },
  });
});

afterEach(() => guard.stop());

const arriving = () =>
  ({ id: "press-01", closed: false, conn: new EventEmitter(), close: () => undefined }) as unknown as Client;

test("who is revoked while its password is looked at does not come in", async () => {
  const client = arriving();
  const admitted = guard.admit(client, "press-01", Buffer.from("right"));
  // The password takes tens of milliseconds; what it is judged by has been read.
  await new Promise((resolve) => setTimeout(resolve, 10));
  stored = { ...stored, isEnabled: false };
  tell();
  await expect(admitted).rejects.toMatchObject({
    returnCode: 5,
    message: expect.stringContaining("changed while it came in"),
  });
});

test("who was changed meanwhile and may still come in does", async () => {
  const client = arriving();
  const admitted = guard.admit(client, "press-01", Buffer.from("right"));
  await new Promise((resolve) => setTimeout(resolve, 10));
  tell();
  await admitted;
  expect(guard.principalOf(client)).toEqual(stored.principal);
});
