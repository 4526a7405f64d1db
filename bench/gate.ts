import { generate, parser } from "mqtt-packet";
import { FrameGate } from "../broker/gate/frame-gate.ts";
import { publishOf } from "./mqtt-load.ts";
import { printTable } from "./table.ts";

const limits = { maxConnectBytes: 16_384, maxPacketBytes: 262_144, maxFilters: 1000 } as const;
const rounds = 30;
const sampleMs = 20;
/** What Node reads from a socket at a time. */
const readBytes = 65_536;

interface Load {
  readonly packets: string;
  readonly count: number;
  /** As they come from the socket. */
  readonly chunks: readonly Buffer[];
}

/** Nanoseconds that a packet costs in the frame gate, beside what the parser of Aedes takes for the same packet right after it. */
export function gateBench(): Promise<void> {
  const rows = loads().map((load) => {
    let [gateNs, parserNs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    // In turns, and the least of the rounds: what else the machine does can only add.
    for (let round = 0; round < rounds; round += 1) {
      gateNs = Math.min(
        gateNs,
        nanosecondsOf(() => passGate(load), load.count),
      );
      parserNs = Math.min(
        parserNs,
        nanosecondsOf(() => passParser(load), load.count),
      );
    }
    return {
      packets: load.packets,
      gateNs: Math.round(gateNs),
      parserNs: Math.round(parserNs),
      ratio: Number((gateNs / parserNs).toFixed(3)),
    };
  });
  printTable(`gate (nanoseconds a packet, least of ${rounds} rounds)`, rows);
  process.stdout.write(`${JSON.stringify({ bench: "gate", rows })}\n`);
  return Promise.resolve();
}

function loads(): Load[] {
  const reading = (index: number): Buffer =>
    publishOf(
      `devices/press-${index % 100}-line-3/telemetry/temperature`,
      '{"value":21.4,"timestamp":1795348798123}',
      index,
    );
  const beyondAscii = (index: number): Buffer =>
    publishOf(`devices/büro-${index % 100}/telemetry/temperature`, "21.4", index);
  const large = (index: number): Buffer => publishOf("devices/press-1/telemetry", " ".repeat(20_000), index);
  return [
    whole("publish, 95 bytes, chunks of whole packets", reading, 500),
    cut("publish, 95 bytes, chunks as they are read", reading, 5000),
    cut("publish, a topic beyond ASCII", beyondAscii, 5000),
    cut("publish, 20 kB", large, 50),
    whole("puback", (index) => generate({ cmd: "puback", messageId: index + 1 }), 500),
    whole(
      "subscribe to 4",
      (index) =>
        generate({
          cmd: "subscribe",
          messageId: index + 1,
          subscriptions: [1, 2, 3, 4].map((one) => ({ topic: `devices/press-${one}/commands/+`, qos: 1 })),
        }),
      500,
    ),
  ];
}

function bytesOf(packet: (index: number) => Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => packet(index)));
}

function whole(packets: string, packet: (index: number) => Buffer, count: number): Load {
  return { packets, count, chunks: [bytesOf(packet, count)] };
}

function cut(packets: string, packet: (index: number) => Buffer, count: number): Load {
  const bytes = bytesOf(packet, count);
  const pieces = Array.from({ length: Math.ceil(bytes.length / readBytes) }, (_, piece) =>
    bytes.subarray(piece * readBytes, (piece + 1) * readBytes),
  );
  return { packets, count, chunks: pieces };
}

const gate = new FrameGate(limits);
gate.take(
  generate({
    cmd: "connect",
    clientId: "bench",
    clean: true,
    keepalive: 0,
    protocolId: "MQTT",
    protocolVersion: 4,
  }),
);
gate.admit();

function passGate({ chunks }: Load): void {
  for (const chunk of chunks)
    if (gate.take(chunk).violation !== undefined) throw new Error("a sound packet was refused");
}

const reader = parser();

function passParser({ chunks }: Load): void {
  for (const chunk of chunks) reader.parse(chunk);
}

function nanosecondsOf(pass: () => void, packets: number): number {
  let passes = 0;
  const startedMs = performance.now();
  let tookMs = 0;
  for (; tookMs < sampleMs; tookMs = performance.now() - startedMs) {
    pass();
    passes += 1;
  }
  return (tookMs * 1e6) / (passes * packets);
}
