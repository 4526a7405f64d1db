import { afterEach, describe, expect, test, vi } from "vitest";
import { signOwnToken } from "../../platform/access/tokens.ts";
import { PlatformError } from "../../platform/errors.ts";
import { type BrokerInProcess, startBrokerInProcess } from "../../tests/harness/broker-in-process.ts";
import { until } from "../../tests/harness/local-servers.ts";
import {
  type ConnectFields,
  connectPacket,
  enter as enterAt,
  isClosed,
  knock as knockAt,
  type Peer,
  publishPacket,
  subscribe,
} from "../../tests/harness/mqtt-peer.ts";

let broker: BrokerInProcess;
const peers: Peer[] = [];

async function start(settings: Record<string, string>): Promise<void> {
  broker = await startBrokerInProcess(settings);
}

afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await broker.stop();
});

async function enter(clientId: string, fields?: ConnectFields): Promise<Peer> {
  const peer = await enterAt(broker.mqttPort, clientId, fields);
  peers.push(peer);
  return peer;
}

function knock(port = broker.mqttPort): Peer {
  const peer = knockAt(port);
  peers.push(peer);
  return peer;
}

describe("at the door", () => {
  test("an address with as many connections as it may have gets no further one, on TCP or WebSocket", async () => {
    await start({ MAX_CONNECTIONS_PER_ADDRESS: "2" });
    const first = await enter("a");
    await enter("b");
    await isClosed(knock());
    await isClosed(knock(broker.webSocketPort));
    expect(await broker.timesLimited("connections_per_address")).toBe(2);
    first.socket.destroy();
    await until("it has gone", async () => (await broker.connections()) === 1);
    await enter("c");
  });

  test("who says nothing takes the place of nobody who was let in", async () => {
    await start({ MAX_UNAUTHENTICATED_CONNECTIONS: "2" });
    for (const clientId of ["a", "b", "c", "d"]) await enter(clientId);
    const silent = [knock(), knock()];
    await vi.waitFor(() => expect(silent.every(({ socket }) => socket.readyState === "open")).toBe(true));
    await isClosed(knock());
    expect(await broker.timesLimited("unauthenticated")).toBe(1);
  });

  test("an address whose connections come to nothing has to wait", async () => {
    await start({ MAX_REFUSALS_PER_ADDRESS_PER_MINUTE: "3" });
    const inside = await enter("inside");
    for (let time = 0; time < 4; time += 1) {
      const peer = knock();
      peer.socket.write("GET / HTTP/1.1\r\n\r\n");
      await isClosed(peer);
    }
    await vi.waitFor(async () => expect(await broker.timesLimited("address_banned")).toBe(1));
    await isClosed(knock());
    inside.send({ cmd: "pingreq" });
    await vi.waitFor(() => expect(inside.all("pingresp")).toHaveLength(1));
  });

  test("a client id whose connections break at once is told to come later; one that says goodbye is not", async () => {
    await start({ MAX_RECONNECTS_PER_CLIENT_PER_MINUTE: "3" });
    for (let time = 0; time < 6; time += 1) {
      const polite = await enter("polite");
      polite.send({ cmd: "disconnect" });
      await isClosed(polite);
    }
    for (let time = 0; time < 4; time += 1) {
      const before = await broker.connections();
      (await enter("hasty")).socket.destroy();
      await until("it has gone", async () => (await broker.connections()) === before);
    }
    const refused = knock();
    refused.send(connectPacket("hasty"));
    await isClosed(refused);
    expect(refused.all("connack")).toMatchObject([{ returnCode: 3 }]);
    expect(await broker.timesLimited("client_banned")).toBe(2);
  });
});

test("a client whose connections break because the platform is not able to is not shut out", async () => {
  const append = () => Promise.reject(new PlatformError("STREAM_DOWN", "away", { retryable: true }));
  broker = await startBrokerInProcess({ MAX_RECONNECTS_PER_CLIENT_PER_MINUTE: "2" }, { append });
  for (let time = 0; time < 6; time += 1) {
    const device = await enter("device");
    device.send(publishPacket("devices/device/telemetry", "21.4"));
    await isClosed(device);
  }
  expect(await broker.timesLimited("client_banned")).toBe(0);
});

describe("a connection that sends more than it may", () => {
  test("is read more slowly, loses nothing, and is not taken for dead", async () => {
    await start({ MAX_MESSAGES_PER_SECOND: "100" });
    const fast = await enter("fast", { keepalive: 1 });
    const startedMs = performance.now();
    const messages = Array.from({ length: 350 }, (_, place) =>
      publishPacket("devices/fast/telemetry", `${place}`, { messageId: place + 1 }),
    );
    fast.send(...messages);
    await vi.waitFor(() => expect(fast.all("puback").length).toBeGreaterThan(20));
    const other = await enter("other");
    other.send(publishPacket("devices/other/telemetry", "1"));
    await vi.waitFor(() => expect(other.all("puback")).toHaveLength(1));
    expect(fast.all("puback").length).toBeLessThan(250);
    await vi.waitFor(() => expect(fast.all("puback")).toHaveLength(350), { timeout: 10_000 });
    expect(performance.now() - startedMs).toBeGreaterThan(3000);
    expect(fast.all("puback").map(({ messageId }) => messageId)).toEqual(
      messages.map((_, place) => place + 1),
    );
    expect(await broker.timesLimited("message_rate")).toBeGreaterThan(5);
  }, 15_000);

  test("is held for longer than its keep-alive by one large message, and is not taken for dead", async () => {
    await start({ MAX_BYTES_PER_SECOND: "10000" });
    const slow = await enter("slow", { keepalive: 1 });
    slow.send(publishPacket("devices/slow/telemetry", "x".repeat(40_000)));
    await vi.waitFor(() => expect(slow.all("puback")).toHaveLength(1), { timeout: 10_000 });
    expect(await broker.timesLimited("byte_rate")).toBeGreaterThan(5);
  }, 15_000);

  test("and then leaves, is heard to the end", async () => {
    await start({ MAX_MESSAGES_PER_SECOND: "50" });
    const listener = await enter("listener");
    await subscribe(listener, "devices/leaver/telemetry");
    const leaver = await enter("leaver");
    const messages = Array.from({ length: 120 }, () =>
      publishPacket("devices/leaver/telemetry", "1", { qos: 0 }),
    );
    leaver.send(...messages, { cmd: "disconnect" });
    leaver.socket.end();
    await vi.waitFor(() => expect(listener.all("publish")).toHaveLength(120), { timeout: 10_000 });
  }, 15_000);
});

describe("the connection of the platform's own gateway", () => {
  const secret = Buffer.alloc(32, 7);
  const userName = "service/gateway-http";
  const readings = Array.from({ length: 100 }, (_, place) =>
    publishPacket(`devices/d${place}/telemetry`, "1", { messageId: place + 1 }),
  );

  test.each([
    ["with the platform's secret is not slowed down", secret, 0],
    ["with another secret is a connection like any other", Buffer.alloc(32, 8), 1],
  ])("%s", async (_title, known, timesHeld) => {
    // Of a database that is away at first.
    const get = vi
      .fn<() => Promise<Buffer>>()
      .mockRejectedValueOnce(new Error("away"))
      .mockResolvedValue(secret);
    broker = await startBrokerInProcess({ MAX_MESSAGES_PER_SECOND: "50" }, {}, { get });
    const password = Buffer.from(await signOwnToken(known, userName));
    const gateway = await enter(`${userName}/1`, { username: userName, password });
    await vi.waitFor(() => expect(get).toHaveBeenCalledTimes(2), { timeout: 3000 });
    gateway.send(...readings);
    await vi.waitFor(() => expect(gateway.all("puback")).toHaveLength(100), { timeout: 10_000 });
    expect(Math.min(await broker.timesLimited("message_rate"), 1)).toBe(timesHeld);
  });

  test("is one like any other where there is no database to know it by", async () => {
    await start({ MAX_MESSAGES_PER_SECOND: "50" });
    const password = Buffer.from(await signOwnToken(secret, userName));
    const gateway = await enter(`${userName}/1`, { username: userName, password });
    gateway.send(...readings.slice(0, 30));
    await vi.waitFor(async () => expect(await broker.timesLimited("message_rate")).toBeGreaterThan(0));
  });
});
