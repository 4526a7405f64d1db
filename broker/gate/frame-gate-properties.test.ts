import fc from "fast-check";
import { generate, type Packet, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { malformedContents } from "../../tests/corpus/contents.ts";
import { malformedFrames } from "../../tests/corpus/framing.ts";
import { corpusLimits } from "../../tests/corpus/malformed.ts";
import { FrameGate } from "./frame-gate.ts";
import type { Rule } from "./violation.ts";

const runs = 1000;

const letters = fc.string({ unit: fc.constantFrom(..."aZ7 _-/$üß測😀"), minLength: 1, maxLength: 40 });
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const messageId = fc.integer({ min: 1, max: 65_535 });
const qos = fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2);
const filter = fc
  .array(fc.oneof(fc.constant("+"), fc.string({ unit: fc.constantFrom(..."aZ7ü"), maxLength: 8 })), {
    minLength: 1,
    maxLength: 6,
  })
  .chain((levels) => fc.boolean().map((isOpen) => (isOpen ? [...levels, "#"] : levels).join("/")))
  .filter((text) => text !== "");
const filters = fc.array(filter, { minLength: 1, maxLength: 4 });

const greeting: fc.Arbitrary<Packet> = fc.record({
  cmd: fc.constant("connect" as const),
  protocolId: fc.constant("MQTT" as const),
  protocolVersion: fc.constant(4 as const),
  clean: fc.constant(true),
  clientId: fc.oneof(fc.constant(""), letters),
  keepalive: fc.nat(65_535),
  username: letters,
  password: payload,
  will: fc.record({ topic: letters, payload, qos, retain: fc.boolean() }),
});

const later: fc.Arbitrary<Packet> = fc.oneof(
  fc
    .record({ topic: letters, payload, qos, messageId, retain: fc.boolean(), dup: fc.boolean() })
    .map((fields): Packet => ({ cmd: "publish", ...fields, dup: fields.dup && fields.qos > 0 })),
  fc
    .record({
      cmd: fc.constantFrom("puback" as const, "pubrec" as const, "pubrel" as const, "pubcomp" as const),
      messageId,
    })
    .map((fields): Packet => fields),
  fc.record({ topics: filters, qos, messageId }).map(
    ({ topics, ...fields }): Packet => ({
      cmd: "subscribe",
      messageId: fields.messageId,
      subscriptions: topics.map((topic) => ({ topic, qos: fields.qos })),
    }),
  ),
  fc
    .record({ unsubscriptions: filters, messageId })
    .map((fields): Packet => ({ cmd: "unsubscribe", ...fields })),
  fc.constant<Packet>({ cmd: "pingreq" }),
);

/** What a well-behaved client says. */
const conversation = fc
  .tuple(greeting, fc.array(later, { maxLength: 12 }), fc.boolean())
  .map(([first, rest, leaves]) => [first, ...rest, ...(leaves ? [{ cmd: "disconnect" } as const] : [])]);

const bytesOf = (packets: readonly Packet[]): Buffer => Buffer.concat(packets.map((one) => generate(one)));

/** Where to cut, in thousandths of the length. */
const cuts = fc.array(fc.nat(1000), { maxLength: 12 });

function cutUp(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => Math.floor((place * bytes.length) / 1000)), bytes.length];
  let from = 0;
  return ends
    .toSorted((a, b) => a - b)
    .map((end) => {
      const piece = bytes.subarray(from, end);
      from = end;
      return piece;
    });
}

/** What passes of these pieces, and the rule that ended it, when CONNECT is answered with yes at once. */
function through(pieces: readonly Buffer[]): { readonly passed: Buffer; readonly rule: Rule | undefined } {
  const gate = new FrameGate(corpusLimits);
  const passed: Buffer[] = [];
  let rule: Rule | undefined;
  for (const piece of [...pieces, Buffer.alloc(0)]) {
    const { bytes, violation } = gate.take(piece);
    if (bytes !== undefined) passed.push(bytes);
    rule ??= violation?.rule;
    gate.admit();
  }
  return { passed: Buffer.concat(passed), rule };
}

/** What Aedes' parser makes of bytes. */
function parsed(bytes: Buffer): {
  readonly packets: number;
  readonly left: number;
  readonly errors: readonly Error[];
} {
  const reader = parser();
  const errors: Error[] = [];
  let packets = 0;
  reader.on("packet", () => {
    packets += 1;
  });
  reader.on("error", (error) => errors.push(error));
  return { left: bytes.length === 0 ? 0 : reader.parse(bytes), packets, errors };
}

/** How many packets these bytes are, by their fixed headers alone. */
function framesIn(bytes: Buffer): number {
  let frames = 0;
  for (let at = 0; at < bytes.length; frames += 1) {
    let size = 0;
    let unit = 1;
    let byte = 0x80;
    for (at += 1; byte >= 0x80; at += 1) {
      byte = bytes.readUInt8(at);
      size += (byte & 0x7f) * unit;
      unit *= 0x80;
    }
    at += size;
  }
  return frames;
}

/** A conversation with a few bytes changed, left out or put in. */
const spoilt = fc
  .tuple(
    fc.oneof(
      conversation.map(bytesOf),
      fc.constantFrom(
        ...[...malformedFrames, ...malformedContents].map(({ bytes }) => bytes.subarray(0, 2000)),
      ),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    ),
    fc.array(fc.record({ place: fc.nat(1000), removed: fc.nat(2), put: fc.uint8Array({ maxLength: 2 }) }), {
      maxLength: 4,
    }),
  )
  .map(([bytes, edits]) =>
    edits.reduce((edited, { place, removed, put }) => {
      const at = Math.floor((place * edited.length) / 1000);
      return Buffer.concat([edited.subarray(0, at), put, edited.subarray(at + removed)]);
    }, bytes),
  );

test("what is sound passes unchanged wherever it is cut, and is as many packets to the parser", () => {
  fc.assert(
    fc.property(conversation, cuts, (packets, places) => {
      const bytes = bytesOf(packets);
      const { passed, rule } = through(cutUp(bytes, places));
      expect(rule).toBeUndefined();
      expect(passed.equals(bytes)).toBe(true);
      expect(parsed(passed)).toEqual({ packets: packets.length, left: 0, errors: [] });
    }),
    { numRuns: runs },
  );
}, 30_000);

test("whatever is said, what passes is whole packets that the parser accepts, wherever it was cut", () => {
  fc.assert(
    fc.property(spoilt, cuts, (bytes, places) => {
      const { passed, rule } = through([bytes]);
      expect(bytes.subarray(0, passed.length).equals(passed)).toBe(true);
      expect(parsed(passed)).toEqual({ packets: framesIn(passed), left: 0, errors: [] });
      const inPieces = through(cutUp(bytes, places));
      expect(inPieces.rule).toBe(rule);
      expect(inPieces.passed.equals(passed)).toBe(true);
    }),
    { numRuns: runs * 2 },
  );
}, 30_000);

test("what the gate keeps is a packet that is not whole yet, or nothing", () => {
  fc.assert(
    fc.property(spoilt, (bytes) => {
      const gate = new FrameGate(corpusLimits);
      const { bytes: first } = gate.take(bytes);
      gate.admit();
      const second = gate.take(Buffer.alloc(0));
      const passed = (first?.length ?? 0) + (second.bytes?.length ?? 0);
      if (second.violation !== undefined || gate.unfinishedBytes === 0) return;
      expect(bytes.length - passed).toBeLessThan(Math.max(2, gate.unfinishedBytes));
    }),
    { numRuns: runs },
  );
}, 30_000);
