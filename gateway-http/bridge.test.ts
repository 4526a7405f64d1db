import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { generate, parser } from "mqtt-packet";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LimitNotices } from "../platform/limit-notices.ts";
import { openMetrics } from "../platform/telemetry.ts";
import { type Bridge, openBridge } from "./bridge.ts";

/** A broker that lets everybody in, notes what is published, and acknowledges only when told to. */
let server: Server;
let connections: Socket[];
let published: string[];
let isAcknowledging: boolean;
/** Acknowledges what it has not acknowledged. */
let catchUp: () => void;
let bridge: Bridge;

beforeEach(async () => {
  connections = [];
  published = [];
  isAcknowledging = false;
  const late: (() => void)[] = [];
  catchUp = () => {
    for (const acknowledge of late.splice(0)) acknowledge();
  };
  server = createServer((socket) => {
    connections.push(socket);
    const packets = parser();
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => packets.parse(chunk));
    packets.on("packet", (packet) => {
      if (packet.cmd === "connect") {
        socket.write(generate({ cmd: "connack", returnCode: 0, sessionPresent: false }));
      }
      if (packet.cmd !== "publish") return;
      published.push(packet.topic);
      late.push(() => socket.write(generate({ cmd: "puback", messageId: packet.messageId ?? 0 })));
      if (isAcknowledging) catchUp();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const log = pino({ level: "silent" });
  bridge = openBridge({
    url: `mqtt://127.0.0.1:${port}`,
    limits: { maxBytes: 10_000, maxReadings: 100 },
    login: async () => ({ username: "service/gateway-http", password: "shown" }),
    notices: new LimitNotices({ log, metrics: openMetrics() }),
    log,
  });
  await bridge.settle(5000);
});

afterEach(async () => {
  await bridge.stop();
  for (const socket of connections) socket.destroy();
  server.close();
});

function publish(deviceId: string): Promise<void> {
  return bridge.publish([{ deviceId, timestampUs: undefined, metrics: [{ sensorType: "co2", value: 1 }] }]);
}

test("a publish ends with its acknowledgement", async () => {
  isAcknowledging = true;
  await publish("a");
  expect(published).toEqual(["devices/a/telemetry"]);
});

test("what was in flight when the connection broke is refused at once and never sent again", async () => {
  const refused = [publish("a"), publish("b")].map((sending) =>
    sending.catch((error: unknown) => Object(error).code),
  );
  await vi.waitFor(() => expect(published).toHaveLength(2));
  connections[0]?.destroy();
  expect(await Promise.all(refused)).toEqual(["BROKER_DOWN", "BROKER_DOWN"]);

  isAcknowledging = true;
  await vi.waitFor(() => expect(connections).toHaveLength(2), { timeout: 5000 });
  await vi.waitFor(() => publish("c"), { timeout: 5000 });
  expect(published).toEqual(["devices/a/telemetry", "devices/b/telemetry", "devices/c/telemetry"]);
});

const busy = { code: "GATEWAY_BUSY", retryable: true };

test("while the broker acknowledges nothing, who comes later is told so before anything is sent", async () => {
  const first = publish("a");
  await vi.waitFor(() => expect(published).toHaveLength(1));
  const refusals: unknown[] = [];
  await vi.waitFor(
    () => {
      publish("b").catch((error: unknown) => refusals.push(Object(error).code));
      expect(refusals).toEqual(["GATEWAY_BUSY"]);
    },
    { timeout: 4000, interval: 500 },
  );
  const before = published.length;
  await expect(publish("c")).rejects.toMatchObject(busy);
  expect(published).toHaveLength(before);

  isAcknowledging = true;
  catchUp();
  await first;
  await vi.waitFor(() => publish("d"));
  expect(published.slice(before)).toEqual(["devices/d/telemetry"]);
});

test("beyond five thousand without an acknowledgement nothing more is sent until they have theirs", async () => {
  const sending = Array.from({ length: 5000 }, (_, place) => publish(`${place}`));
  await expect(publish("late")).rejects.toMatchObject(busy);
  await vi.waitFor(() => expect(published).toHaveLength(5000), { timeout: 4000 });
  isAcknowledging = true;
  catchUp();
  await Promise.all(sending);
  await publish("late");
  expect(published.at(-1)).toBe("devices/late/telemetry");
});
