import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "./message-bytes.ts";
import { decodeLetter, encodeLetter, encodePeerMessage, type PeerMessage } from "./peer-message.ts";

const from = "0b0e2c1e-6a3f-4a6e-9a55-0d2f6a7c8e01";
const number = fc.nat();
const text = fc.string({ unit: "binary" });
const message = fc.record({
  topic: fc.string({ unit: "binary", minLength: 1 }),
  payload: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  isRetained: fc.boolean(),
  clientId: fc.option(text, { nil: undefined }),
  brokerId: text,
  number,
});
const peerMessage: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({ kind: fc.constant("message" as const), message }),
  fc.record({ kind: fc.constant("arrived" as const), number, count: number, clientIds: fc.array(text) }),
  fc.record({ kind: fc.constant("ears" as const), number, opened: fc.array(text), closed: fc.array(text) }),
);

test("a letter says what was written", () => {
  fc.assert(
    fc.property(fc.array(peerMessage), (messages) => {
      expect(decodeLetter(encodeLetter(from, messages.map(encodePeerMessage)))).toEqual({ from, messages });
    }),
  );
});

test("a kept message is what it was", () => {
  fc.assert(
    fc.property(message, (kept) => {
      expect(decodeMessage(encodeMessage(kept))).toEqual(kept);
    }),
  );
});

test("no bytes throw, cut, altered or invented", () => {
  fc.assert(
    fc.property(fc.array(peerMessage), fc.nat(), fc.nat({ max: 255 }), (messages, place, byte) => {
      const letter = encodeLetter(from, messages.map(encodePeerMessage));
      decodeLetter(letter.subarray(0, place % (letter.length + 1)));
      letter[place % letter.length] = byte;
      decodeLetter(letter);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      decodeMessage(bytes);
      decodeLetter(bytes);
      decodeLetter(Buffer.concat([Buffer.from(from), bytes]));
    }),
  );
});
