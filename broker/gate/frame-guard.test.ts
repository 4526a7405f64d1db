import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { Aedes, Client } from "aedes";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLog, openMetrics } from "../../platform/telemetry.ts";
import { connect, pingreq, publish } from "../../tests/corpus/packets.ts";
import { FrameGuard } from "./frame-guard.ts";

const limits = { maxConnectBytes: 16_384, maxPacketBytes: 262_144, maxFilters: 1000 };

let metrics: ReturnType<typeof openMetrics>;
let events: EventEmitter;
let nowMs: number;
let guard: FrameGuard;

beforeEach(() => {
  metrics = openMetrics();
  events = new EventEmitter();
  nowMs = 0;
  guard = new FrameGuard({
    // Only its event of answered connections is heard here.
    aedes: events as unknown as Aedes,
    limits,
    log: openLog({ level: "silent", format: "json" }),
    metrics,
    now: () => nowMs,
  });
});

afterEach(() => guard.stop());

/** A connection as Aedes has it: what is written into it can be read from it. */
function caller() {
  const stream = new PassThrough();
  stream.on("error", () => undefined);
  // Of Aedes' client the guard wants the stream and the name.
  const client = { conn: stream, id: "c" } as unknown as Client;
  guard.guard({ stream, socket: new Socket(), request: undefined, certificateName: undefined }, client);
  return {
    stream,
    answer: (returnCode: number) => events.emit("connackSent", { returnCode }, client),
    /** Says something, and has Aedes read it. */
    say: (bytes: Buffer): Buffer | null => {
      stream.write(bytes);
      return stream.read(null as unknown as number);
    },
  };
}

function admitted() {
  const one = caller();
  one.say(connect());
  one.answer(0);
  return one;
}

async function violations(): Promise<Readonly<Record<string, number>>> {
  const { values } = await metrics.violations.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.rule, value]));
}

async function isClosed(stream: PassThrough): Promise<boolean> {
  await new Promise((resolve) => setImmediate(resolve));
  return stream.destroyed;
}

function lookAt(ms: number): void {
  nowMs = ms;
  guard.look();
}

test("who does not say CONNECT, or half of it, is closed after ten seconds", async () => {
  const [silent, slow] = [caller(), caller()];
  slow.say(connect().subarray(0, 9));
  lookAt(10_000);
  expect(await isClosed(silent.stream)).toBe(false);
  lookAt(10_001);
  expect([await isClosed(silent.stream), await isClosed(slow.stream)]).toEqual([true, true]);
  expect(await violations()).toEqual({ "connect-timeout": 2 });
});

test("who is between packets may be silent for as long as it likes", async () => {
  const { stream, say } = admitted();
  say(pingreq);
  lookAt(1e9);
  expect(await isClosed(stream)).toBe(false);
});

test("who waits for the answer to its CONNECT is not to blame for it", async () => {
  const { stream, say } = caller();
  say(connect());
  lookAt(1e9);
  expect(await isClosed(stream)).toBe(false);
});

test("a packet that does not end is waited for for twenty seconds and one for each kilobyte, however it trickles", async () => {
  const { stream, say } = admitted();
  const bytes = publish({ payload: Buffer.alloc(10 * 1024) });
  const allowedMs = 20_000 + (bytes.length / 1024) * 1000;
  for (let ms = 0; ms < allowedMs; ms += 1000) {
    nowMs = ms;
    say(bytes.subarray(ms / 1000, ms / 1000 + 1));
    guard.look();
  }
  expect(await isClosed(stream)).toBe(false);
  lookAt(allowedMs + 1);
  expect(await isClosed(stream)).toBe(true);
  expect(await violations()).toEqual({ "packet-timeout": 1 });
});

test("the wait begins anew with each packet", async () => {
  const { stream, say } = admitted();
  const bytes = publish();
  say(bytes.subarray(0, 5));
  nowMs = 15_000;
  expect(say(Buffer.concat([bytes.subarray(5), bytes.subarray(0, 5)]))).toEqual(bytes);
  lookAt(30_000);
  expect(await isClosed(stream)).toBe(false);
  lookAt(36_000);
  expect(await isClosed(stream)).toBe(true);
});

test("who has sent the rest, and is not read from, is not waited for", async () => {
  const { stream, say } = admitted();
  const bytes = publish();
  say(bytes.subarray(0, 5));
  stream.write(bytes.subarray(5));
  lookAt(60_000);
  lookAt(120_000);
  expect(await isClosed(stream)).toBe(false);
  expect(stream.read()).toEqual(bytes);
});

test("nothing is read behind CONNECT until it is answered with yes", () => {
  const one = caller();
  expect(one.say(connect())).toEqual(connect());
  expect(one.say(pingreq)).toBeNull();
  expect(one.stream.readableLength).toBe(pingreq.length);
  one.answer(5);
  expect(one.stream.read()).toBeNull();
  one.answer(0);
  expect(one.stream.read()).toEqual(pingreq);
});

test("a stream that asks itself for nothing, as Node does, loses nothing", () => {
  const { stream } = admitted();
  stream.write(pingreq);
  stream.read(0);
  expect(stream.read()).toEqual(pingreq);
});

test("who is refused with an answer gets it, and what it says then is thrown away", async () => {
  const { stream, say } = caller();
  expect(say(connect({ level: 5 }))).toBeNull();
  expect(stream.writableEnded).toBe(true);
  expect(await violations()).toEqual({ "protocol-level": 1 });
});
