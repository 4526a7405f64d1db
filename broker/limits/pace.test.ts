import fc from "fast-check";
import { generate } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { flowOf, Pace } from "./pace.ts";

const publish = generate({ cmd: "publish", topic: "a", payload: "21.4", qos: 0, retain: false, dup: false });
const ping = generate({ cmd: "pingreq" });
const acknowledgement = generate({ cmd: "puback", messageId: 7 });

function paceOf(limits: { messages?: number; bytes?: number }): Pace {
  return new Pace({ messages: flowOf(limits.messages ?? 0), bytes: flowOf(limits.bytes ?? 0) }, 0);
}

function times(packet: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => packet));
}

describe("messages a second", () => {
  test("a quarter of a second's worth passes at once, the rest packet by packet as time goes on", () => {
    const pace = paceOf({ messages: 20 });
    expect(pace.pass(times(publish, 15), 0)).toBe(5 * publish.length);
    expect([pace.cause, pace.waitMs(0)]).toEqual(["message_rate", 50]);
    expect(pace.pass(times(publish, 10), 49)).toBe(0);
    expect(pace.pass(times(publish, 10), 50)).toBe(publish.length);
    expect(pace.pass(times(publish, 9), 250)).toBe(4 * publish.length);
  });

  test("a packet that comes in pieces is one", () => {
    const pace = paceOf({ messages: 1 });
    const large = generate({
      ...{ cmd: "publish", topic: "a", payload: Buffer.alloc(100_000), qos: 0, retain: false, dup: false },
    });
    for (const byte of large.subarray(0, 10)) expect(pace.pass(Buffer.of(byte), 0)).toBe(1);
    expect(pace.pass(large.subarray(10), 0)).toBe(large.length - 10);
    expect(pace.pass(ping, 0)).toBe(0);
  });

  test("acknowledgements are not counted", () => {
    const pace = paceOf({ messages: 1 });
    expect(pace.pass(times(acknowledgement, 50), 0)).toBe(50 * acknowledgement.length);
    expect(pace.pass(Buffer.concat([acknowledgement, ping, ping]), 0)).toBe(
      acknowledgement.length + ping.length,
    );
  });

  test("what is no MQTT passes on, for the next one to refuse", () => {
    const pace = paceOf({ messages: 1 });
    const nonsense = Buffer.alloc(1000, 0xff);
    expect(pace.pass(nonsense, 0)).toBe(nonsense.length);
  });
});

test("bytes a second are counted to the byte, within packets too", () => {
  const pace = paceOf({ bytes: 4000 });
  const large = times(publish, 1000);
  expect(pace.pass(large, 0)).toBe(1000);
  expect([pace.cause, pace.waitMs(0)]).toEqual(["byte_rate", 50]);
  expect(pace.pass(large.subarray(1000), 100)).toBe(400);
});

test("however packets are cut into pieces, as many pass as may, and never more", () => {
  const packets = fc.array(fc.constantFrom(publish, ping, acknowledgement), { maxLength: 60 });
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(packets, cuts, fc.integer({ min: 1, max: 80 }), (list, sizes, most) => {
      const pace = paceOf({ messages: most * 4 });
      const wire = Buffer.concat(list);
      let passed = 0;
      let step = 0;
      let isHeld = false;
      while (passed < wire.length && !isHeld) {
        const chunk = wire.subarray(passed, passed + (sizes[step % sizes.length] ?? 1));
        const count = pace.pass(chunk, 0);
        isHeld = count < chunk.length;
        passed += count;
        step += 1;
      }
      expect(passed).toBe(expectedBytes(list, most));
    }),
  );
});

/** The bytes up to the counted packet that is one too many. */
function expectedBytes(packets: readonly Buffer[], most: number): number {
  let counted = 0;
  let bytes = 0;
  for (const packet of packets) {
    if (packet !== acknowledgement) counted += 1;
    if (counted > most) return bytes;
    bytes += packet.length;
  }
  return bytes;
}
