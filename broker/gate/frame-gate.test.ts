import { describe, expect, test } from "vitest";
import { malformedContents } from "../../tests/corpus/contents.ts";
import { connectOfSize, malformedFrames, publishOfSize } from "../../tests/corpus/framing.ts";
import { corpusLimits, greeted, greeting, soundConversations } from "../../tests/corpus/malformed.ts";
import {
  connect,
  disconnect,
  field,
  number16,
  packet,
  pingreq,
  publish,
  raw,
  subscribe,
  unsubscribe,
} from "../../tests/corpus/packets.ts";
import { FrameGate } from "./frame-gate.ts";
import type { Violation } from "./violation.ts";

const malformed = [...malformedFrames, ...malformedContents];

/** A gate whose client was let in. */
function openGate(): FrameGate {
  const gate = new FrameGate(corpusLimits);
  gate.take(connect());
  gate.admit();
  return gate;
}

/** Everything that a conversation may say, and what ended it, when its CONNECT is answered with yes. */
function outcome(bytes: Buffer): { readonly passed: Buffer; readonly violation: Violation | undefined } {
  const gate = new FrameGate(corpusLimits);
  const first = gate.take(bytes);
  gate.admit();
  const second = gate.take(Buffer.alloc(0));
  const passed = Buffer.concat([first.bytes ?? raw(), second.bytes ?? raw()]);
  return { passed, violation: first.violation ?? second.violation };
}

describe("the corpus", () => {
  test("holds several hundred packets, each once", () => {
    expect(malformed.length).toBeGreaterThan(600);
    expect(new Set(malformed.map(({ name }) => name)).size).toBe(malformed.length);
  });

  test("is refused, each packet by its own rule", () => {
    const astray = malformed.flatMap(({ name, rule, bytes }) => {
      const found = outcome(bytes).violation?.rule;
      return found === rule ? [] : [`${name}: ${found} instead of ${rule}`];
    });
    expect(astray).toEqual([]);
  });

  test("loses its last packet and nothing before it", () => {
    const astray = malformed.filter(({ bytes }) => {
      const { passed } = outcome(bytes);
      const isGreeted = bytes.subarray(0, greeting.length).equals(greeting);
      const before = isGreeted ? [greeting, Buffer.concat([greeting, disconnect])] : [raw()];
      return !before.some((expected) => expected.equals(passed));
    });
    expect(astray.map(({ name }) => name)).toEqual([]);
  });
});

test.each<[string, string, Buffer]>([
  ["MQTT-1.5.3-1", "text-encoding", greeted(publish({ topic: raw(0xed, 0xa0, 0x80) }))],
  ["MQTT-1.5.3-2", "text-characters", greeted(publish({ topic: "a\0" }))],
  ["§1.5.3", "text-characters", greeted(publish({ topic: "a\u0007" }))],
  ["§2.2.1", "packet-type", greeted(packet(0xf0))],
  ["MQTT-2.2.2-2", "header-flags", greeted(packet(0x80, number16(7), field("a"), raw(0)))],
  ["§2.2.3", "remaining-length", greeted(raw(0x30, 0xff, 0xff, 0xff, 0xff))],
  ["§2.2.3", "packet-length", greeted(packet(0xc0, raw(0)))],
  ["MQTT-2.3.1-1", "packet-id", greeted(publish({ id: 0 }))],
  ["MQTT-2.3.1-6", "packet-id", greeted(packet(0x40, number16(0)))],
  ["MQTT-3.1.0-1", "connect-first", pingreq],
  ["MQTT-3.1.0-2", "connect-once", greeted(connect())],
  ["MQTT-3.1.2-1", "protocol-name", connect({ name: "AMQP" })],
  ["MQTT-3.1.2-2", "protocol-level", connect({ level: 5 })],
  ["MQTT-3.1.2-3", "connect-flags", connect({ flags: 3 })],
  ["MQTT-3.1.2-13", "connect-flags", connect({ flags: 0x0a })],
  ["MQTT-3.1.2-14", "connect-flags", connect({ flags: 0x1e, fields: ["c", "a", ""] })],
  ["MQTT-3.1.2-15", "connect-flags", connect({ flags: 0x22 })],
  ["MQTT-3.1.2-22", "connect-flags", connect({ flags: 0x42, fields: ["c", "secret"] })],
  ["MQTT-3.1.3-8", "client-id", connect({ flags: 0, fields: [""] })],
  ["MQTT-3.3.1-2", "publish-flags", greeted(packet(0x38, field("a")))],
  ["MQTT-3.3.1-4", "publish-flags", greeted(packet(0x36, field("a"), number16(7)))],
  ["MQTT-3.3.2-2", "topic-name", greeted(publish({ topic: "a/+" }))],
  ["MQTT-3.3.2-2", "topic-name", connect({ flags: 6, fields: ["c", "#", ""] })],
  ["MQTT-3.8.3-3", "filters-missing", greeted(subscribe([]))],
  ["MQTT-3-8.3-4", "requested-qos", greeted(subscribe(["a"], { qos: 3 }))],
  ["MQTT-3.10.3-2", "filters-missing", greeted(unsubscribe([]))],
  ["MQTT-3.14.4-2", "after-disconnect", greeted(disconnect, pingreq)],
  ["MQTT-4.7.1-2", "topic-filter", greeted(subscribe(["#/a"]))],
  ["MQTT-4.7.1-3", "topic-filter", greeted(subscribe(["a+"]))],
  ["MQTT-4.7.3-1", "topic-filter", greeted(unsubscribe([""]))],
  ["MQTT-4.7.3-1", "topic-name", greeted(publish({ topic: "" }))],
  ["MQTT-4.8.0-2", "packet-size", greeted(raw(0x30, 0xff, 0xff, 0xff, 0x7f))],
])("%s: %s", (clause, rule, bytes) => {
  expect(outcome(bytes).violation).toMatchObject({ clause, rule });
});

test.each<[number, Buffer]>([
  [1, connect({ level: 5 })],
  [1, connect({ level: 0x84 })],
  [1, connect({ name: "MQIsdp", level: 4 })],
  // What another level has behind its number need not make sense here.
  [1, packet(0x10, field("MQTT"), raw(5))],
  [2, connect({ flags: 0, fields: [""] })],
  [2, connect({ name: "MQIsdp", level: 3, fields: [""] })],
])(
  "return code %i is for who speaks another level, or keeps a session without a name (%#)",
  (returnCode, bytes) => {
    expect(outcome(bytes).violation?.returnCode).toBe(returnCode);
  },
);

test("everything else is closed without a word", () => {
  const answered = malformed.filter(({ bytes }) => outcome(bytes).violation?.returnCode !== undefined);
  expect(new Set(answered.map(({ rule }) => rule))).toEqual(new Set(["protocol-level", "client-id"]));
});

describe("passes", () => {
  test("every sound conversation, unchanged", () => {
    for (const bytes of soundConversations)
      expect(outcome(bytes)).toEqual({ passed: bytes, violation: undefined });
  });

  test.each<[string, Buffer]>([
    ["a remaining length with more bytes than it needs", greeted(raw(0xc0, 0x80, 0x80, 0x00))],
    ["a client without a name", connect({ fields: [""] })],
    ["a name that begins with a byte order mark", connect({ fields: ["\ufeffc"] })],
    ["a password of any bytes", connect({ flags: 0xc2, fields: ["c", "user", raw(0, 0xff, 0xc0)] })],
    ["a user without a name", connect({ flags: 0x82, fields: ["c", ""] })],
    ["a will that says nothing", connect({ flags: 0x06, fields: ["c", "wills/c", ""] })],
    ["a CONNECT of the size that is allowed", connectOfSize(corpusLimits.maxConnectBytes)],
    ["a PUBLISH of the size that is allowed", greeted(publishOfSize(corpusLimits.maxPacketBytes))],
    ["a topic beyond ASCII", greeted(publish({ topic: "büro 3/測定/😀" }))],
    ["empty levels", greeted(publish({ topic: "/" }), publish({ topic: "a//b/" }))],
    [
      "a payload of any bytes, and none",
      greeted(publish({ payload: raw(0, 0xff) }), publish({ payload: "" })),
    ],
    ["a redelivery", greeted(packet(0x3a, field("a"), number16(7)), packet(0x3d, field("a"), number16(8)))],
    ["the highest packet id", greeted(publish({ id: 65_535 }))],
    [
      "every good filter",
      greeted(subscribe(["#", "+", "/", "+/+", "/+", "+/#", "a/+/b/#", "$SYS/#", "ü/+/#", "a b"])),
    ],
    ["QoS 2 asked for", greeted(subscribe(["a"], { qos: 2 }))],
  ])("%s", (_, bytes) => {
    const { passed, violation } = outcome(bytes);
    expect(violation).toBeUndefined();
    expect(passed.equals(bytes)).toBe(true);
  });

  test("a chunk of whole packets as the very same bytes", () => {
    const burst = Buffer.concat(Array.from({ length: 100 }, (_, index) => publish({ id: index + 1 })));
    expect(openGate().take(burst).bytes).toBe(burst);
  });

  test("a packet in two chunks once it is whole, with what came with its end", () => {
    const gate = openGate();
    const bytes = Buffer.concat([publish({ id: 1 }), publish({ id: 2 })]);
    expect(gate.take(bytes.subarray(0, 10)).bytes).toBeUndefined();
    expect(gate.take(bytes.subarray(10)).bytes).toEqual(bytes);
  });

  test("a large packet that comes byte by byte", () => {
    const gate = openGate();
    const bytes = publishOfSize(20_000);
    const passed = [...bytes].flatMap((byte) => gate.take(raw(byte)).bytes ?? []);
    expect(passed).toEqual([bytes]);
  });
});

test("nothing that follows CONNECT passes before it is answered with yes", () => {
  const gate = new FrameGate(corpusLimits);
  expect(gate.take(greeted(pingreq)).bytes).toEqual(greeting);
  expect(gate.isAnswering).toBe(true);
  expect(gate.take(publish())).toEqual({ bytes: undefined, violation: undefined });
  gate.admit();
  expect(gate.take(raw()).bytes).toEqual(Buffer.concat([pingreq, publish()]));
});

test("a wrong first byte is refused before anything else has come", () => {
  expect(new FrameGate(corpusLimits).take(raw(0x47)).violation?.rule).toBe("connect-first");
  expect(openGate().take(raw(0xf0)).violation?.rule).toBe("packet-type");
});

test("what is announced too large is refused before it comes, with the setting that says so", () => {
  const early = new FrameGate(corpusLimits).take(raw(0x10, 0xff, 0xff, 0xff, 0x7f)).violation;
  expect(early?.reason).toBe("a packet of 268435460 bytes; MAX_CONNECT_BYTES is 16384");
  const late = openGate().take(raw(0x30, 0x80, 0x80, 0x10)).violation;
  expect(late?.reason).toBe("a packet of 262148 bytes; MAX_PACKET_BYTES is 262144");
});

test("after a violation nothing passes, and nothing is found again", () => {
  const gate = openGate();
  expect(gate.take(raw(0xf0)).violation).toBeDefined();
  expect(gate.take(pingreq)).toEqual({ bytes: undefined, violation: undefined });
});

test("it says how large the packet is that has begun, so that it need not be waited for for ever", () => {
  const gate = new FrameGate(corpusLimits);
  expect(gate.unfinishedBytes).toBe(1);
  gate.take(greeting.subarray(0, 5));
  expect(gate.unfinishedBytes).toBe(greeting.length);
  gate.take(greeting.subarray(5));
  expect(gate.unfinishedBytes).toBe(0);
  gate.admit();
  expect(gate.unfinishedBytes).toBe(0);
  gate.take(raw(0x30, 0x80));
  expect(gate.unfinishedBytes).toBe(3);
  gate.take(raw(0x01));
  expect(gate.unfinishedBytes).toBe(131);
  gate.take(Buffer.concat([field("a"), Buffer.alloc(125)]));
  expect(gate.unfinishedBytes).toBe(0);
});
