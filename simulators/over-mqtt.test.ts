import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { afterEach, expect, test } from "vitest";
import { sensorTypes } from "../schema/sensors.ts";
import { parseTimestamp } from "../schema/timestamp.ts";
import { parseTopic } from "../schema/topics.ts";
import { DeviceLink } from "./device-link.ts";
import { factoryDevices } from "./factory.ts";
import { startFleet } from "./fleet.ts";
import { loadMotes } from "./recordings.ts";
import { startReplay } from "./replay.ts";

interface Heard {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: string;
}

interface TestBroker {
  readonly url: string;
  readonly heard: Heard[];
  /** Messages are no longer acknowledged. */
  fallMute(): void;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A broker that hangs up on everybody, without an acknowledgement, at each of these counts of messages. */
async function startBroker(hangUpAt: readonly number[] = []): Promise<TestBroker> {
  const heard: Heard[] = [];
  let isMute = false;
  const broker = await Aedes.createBroker({
    authorizePublish: (client, packet, done) => {
      if (isMute) return;
      heard.push({ clientId: client?.id ?? "", topic: packet.topic, payload: packet.payload.toString() });
      if (hangUpAt.includes(heard.length)) hangUpOnAll();
      else done(null);
    },
  });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hangUpOnAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  stops.push(async () => {
    hangUpOnAll();
    await new Promise((resolve) => server.close(resolve));
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const fallMute = (): void => {
    isMute = true;
  };
  return { url: `mqtt://127.0.0.1:${port}`, heard, fallMute };
}

async function until(isReached: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isReached()) {
    if (performance.now() > deadline) throw new Error("waited for ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Told {
  readonly deviceId: string;
  readonly sensorType: string;
  readonly value: number;
  readonly timestampUs: number | undefined;
}

/** The readings of a message in any of the shapes that the design promises to understand. */
function told({ topic, payload }: Heard): Told[] {
  const place = parseTopic(topic);
  if (place.kind !== "telemetry") throw new Error(`${topic} is no telemetry`);
  const { deviceId, sensorType } = place;
  const body: unknown = JSON.parse(payload);
  if (typeof body === "number")
    return [{ deviceId, sensorType: sensorType ?? "", value: body, timestampUs: undefined }];
  return [body].flat().flatMap((part) => {
    const { timestamp, device_id: named = deviceId, metrics, ...flat } = Object(part);
    if (named !== deviceId) throw new Error(`${named} speaks for ${deviceId}`);
    const pairs: [string, number][] = metrics
      ? metrics.map((metric: { type: string; value: number }) => [metric.type, metric.value])
      : Object.entries(flat);
    return pairs.map(([name, value]) => ({
      deviceId,
      sensorType: sensorType ?? name,
      value,
      timestampUs: parseTimestamp(timestamp),
    }));
  });
}

function isTypical({ sensorType, value }: Told): boolean {
  const range = sensorTypes.get(sensorType)?.typical;
  return range != null && value >= range.low && value <= range.high;
}

const fleetOf = (count: number) => ({
  devices: factoryDevices(count),
  seed: 1,
  faults: true,
  qos: 1 as const,
});

test("a fleet tells its history first: dated, in order, typical, a reading a second for each sensor", async () => {
  const broker = await startBroker();
  const startedUs = Date.now() * 1e3;
  const fleet = startFleet({ ...fleetOf(8), mqttUrl: broker.url, intervalMs: 1000, historySeconds: 120 });
  const series = factoryDevices(8).reduce((sum, device) => sum + device.sensorTypes.length, 0);
  await until(() => fleet.counts().acknowledged >= 120 * series);
  await fleet.stop();
  const readings = broker.heard.flatMap(told);
  expect(new Set(broker.heard.map((heard) => heard.clientId))).toEqual(
    new Set(factoryDevices(8).map((device) => device.id)),
  );
  expect(readings.every(isTypical)).toBe(true);
  for (const device of factoryDevices(8)) {
    for (const sensorType of device.sensorTypes) {
      const own = readings.filter((r) => r.deviceId === device.id && r.sensorType === sensorType);
      const past = own.flatMap((reading) => reading.timestampUs ?? []).filter((us) => us < startedUs);
      expect(past.length).toBeGreaterThanOrEqual(118);
      expect((past[0] ?? 0) / 1e6).toBeCloseTo(startedUs / 1e6 - 120, -1);
      past.slice(1).forEach((us, index) => {
        expect(Math.abs(us - (past[index] ?? 0) - 1e6)).toBeLessThan(10_000);
      });
    }
  }
});

test("a fleet that is started again tells the same history", async () => {
  const nowUs = Date.UTC(2026, 10, 22, 12) * 1e3;
  const histories: string[][] = [];
  for (let run = 0; run < 2; run += 1) {
    const broker = await startBroker();
    const fleet = startFleet({
      ...fleetOf(3),
      mqttUrl: broker.url,
      intervalMs: 1000,
      historySeconds: 60,
      clock: () => nowUs + run * 5e6,
    });
    await until(() => fleet.counts().acknowledged >= 360);
    await fleet.stop();
    histories.push(broker.heard.flatMap(told).map((reading) => JSON.stringify(reading)));
  }
  const [first = [], second = []] = histories;
  const common = first.filter((reading) => second.includes(reading));
  expect(common.length).toBe(55 * 6);
});

test("the first reading out of its typical range comes 20 to 25 seconds after the start", async () => {
  const broker = await startBroker();
  // Twenty-five seconds pass in one; the bare numbers of a device without a clock are dated by what came before them.
  const startedMs = Date.now();
  const clock = () => (startedMs + (Date.now() - startedMs) * 25) * 1e3;
  const fleet = startFleet({
    ...fleetOf(8),
    mqttUrl: broker.url,
    intervalMs: 1000,
    historySeconds: 0,
    clock,
  });
  await until(() => fleet.counts().faulty >= 3);
  await fleet.stop();
  let lastUs = 0;
  const strange = broker.heard.flatMap(told).find((reading) => {
    lastUs = Math.max(lastUs, reading.timestampUs ?? 0);
    return !isTypical(reading);
  });
  expect(strange).toBeDefined();
  const seconds = ((strange?.timestampUs ?? lastUs) / 1e3 - startedMs) / 1e3;
  expect(seconds).toBeGreaterThanOrEqual(20);
  expect(seconds).toBeLessThanOrEqual(25);
});

test("many devices share few connections when told to", async () => {
  const broker = await startBroker();
  const fleet = startFleet({
    ...fleetOf(100),
    mqttUrl: broker.url,
    intervalMs: 100,
    historySeconds: 0,
    connections: 3,
  });
  await until(() => new Set(broker.heard.flatMap(told).map((reading) => reading.deviceId)).size === 100);
  expect(fleet.counts()).toMatchObject({ devices: 100, connected: 3, dropped: 0 });
  await fleet.stop();
  expect(new Set(broker.heard.map((heard) => heard.clientId)).size).toBe(3);
});

test("a link that loses its connection again and again delivers everything, in order", async () => {
  const broker = await startBroker([100, 300, 500]);
  const link = new DeviceLink({
    mqttUrl: broker.url,
    clientId: "press-01",
    qos: 1,
    inFlight: 8,
    bufferLimit: 1000,
    seed: 1,
  });
  for (let number = 0; number < 600; number += 1) {
    link.offer({ topic: "devices/press-01/telemetry/temperature", payload: String(number), readings: 1 });
  }
  expect(await link.drained(10_000)).toBe(true);
  const counts = link.counts();
  await link.close();
  expect(counts).toMatchObject({ sent: 600, acknowledged: 600, dropped: 0, waiting: 0, reconnects: 3 });
  const firstHeard = [...new Set(broker.heard.map((heard) => Number(heard.payload)))];
  expect(firstHeard).toEqual(Array.from({ length: 600 }, (_, number) => number));
});

test("a fleet without a broker says why, and stops at once", async () => {
  const fleet = startFleet({
    ...fleetOf(2),
    mqttUrl: "mqtt://127.0.0.1:1",
    intervalMs: 1000,
    historySeconds: 5,
  });
  await until(() => fleet.counts().trouble?.includes("ECONNREFUSED") === true);
  const before = performance.now();
  await fleet.stop();
  expect(performance.now() - before).toBeLessThan(500);
});

test("a fleet stops within its deadline though the broker acknowledges nothing more", async () => {
  const broker = await startBroker();
  const fleet = startFleet({ ...fleetOf(2), mqttUrl: broker.url, intervalMs: 50, historySeconds: 0 });
  await until(() => fleet.counts().acknowledged > 4);
  broker.fallMute();
  await until(() => fleet.counts().waiting > 4);
  const before = performance.now();
  await fleet.stop();
  expect(performance.now() - before).toBeLessThan(4_000);
});

test("a replay is acknowledged to the last reading and says the same on a second run", async () => {
  const { readings } = await loadMotes();
  const part = readings.slice(0, 2000);
  const runs: string[][] = [];
  for (let run = 0; run < 2; run += 1) {
    const broker = await startBroker();
    const counts = await startReplay({ mqttUrl: broker.url, readings: part, speed: 0 }).finished;
    expect(counts).toEqual({ readings: 2000, sent: 2000, acknowledged: 2000, resent: 0, trouble: undefined });
    expect(broker.heard.flatMap(told)).toHaveLength(2000);
    for (const { clientId, topic } of broker.heard) expect(topic).toBe(`devices/${clientId}/telemetry`);
    runs.push(broker.heard.map(({ topic, payload }) => `${topic} ${payload}`).sort());
  }
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]?.[0]).toContain('"timestamp":"2010-05-09T08:00:00.000000Z"');
});

test("a replay at a hundredfold speed takes a hundredth of the time", async () => {
  const broker = await startBroker();
  const { readings } = await loadMotes();
  const part = readings.filter((reading) => reading.deviceId === "mote-1").slice(0, 20);
  const before = performance.now();
  await startReplay({ mqttUrl: broker.url, readings: part, speed: 100 }).finished;
  const took = performance.now() - before;
  expect(took).toBeGreaterThan(440);
  expect(took).toBeLessThan(1500);
});

test("a replay survives lost connections without losing a reading", async () => {
  const broker = await startBroker([300, 700]);
  const { readings } = await loadMotes();
  const part = readings.slice(0, 2000);
  const counts = await startReplay({ mqttUrl: broker.url, readings: part, speed: 0 }).finished;
  expect(counts).toMatchObject({ sent: 2000, acknowledged: 2000 });
  expect(counts.resent).toBeGreaterThan(0);
  const kept = new Set(broker.heard.flatMap(told).map((reading) => JSON.stringify(reading)));
  expect(kept.size).toBe(2000);
});

test("a replay that is told to stop answers with what it has done", async () => {
  const broker = await startBroker();
  const { readings } = await loadMotes();
  const replay = startReplay({ mqttUrl: broker.url, readings, speed: 1 });
  await until(() => replay.counts().acknowledged > 0);
  await replay.stop();
  const counts = await replay.finished;
  expect(counts.acknowledged).toBeLessThan(counts.readings);
});
