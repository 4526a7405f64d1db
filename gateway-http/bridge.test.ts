import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { generate, parser } from "mqtt-packet";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Bridge, openBridge } from "./bridge.ts";

/** A broker that lets everybody in, notes what is published, and acknowledges only when told to. */
let server: Server;
let connections: Socket[];
let published: string[];
let isAcknowledging: boolean;
let bridge: Bridge;

beforeEach(async () => {
  connections = [];
  published = [];
  isAcknowledging = false;
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
      if (isAcknowledging) socket.write(generate({ cmd: "puback", messageId: packet.messageId ?? 0 }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  bridge = openBridge({
    url: `mqtt://127.0.0.1:${port}`,
    limits: { maxBytes: 10_000, maxReadings: 100 },
    log: pino({ level: "silent" }),
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
