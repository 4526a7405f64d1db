import { type Packet, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { publishBytes } from "./publish-bytes.ts";

function parsed(bytes: Buffer): Packet | undefined {
  const packets: Packet[] = [];
  const reader = parser();
  reader.on("packet", (packet) => packets.push(packet));
  reader.parse(bytes);
  return packets[0];
}

test.each([0, 1, 100, 127, 128, 16_383, 16_384, 70_000])(
  "a payload of %i bytes is read as it was written",
  (length) => {
    const publication = {
      topic: "devices/ü/commands/reboot",
      payload: "x".repeat(length),
      messageId: 65_535,
    };
    const packet = parsed(publishBytes(publication));
    expect(packet).toMatchObject({ cmd: "publish", qos: 1, messageId: 65_535, topic: publication.topic });
    expect(String(packet !== undefined && "payload" in packet ? packet.payload : "")).toBe(
      publication.payload,
    );
  },
);

test("without a message id it is QoS 0", () => {
  const packet = parsed(publishBytes({ topic: "a", payload: "b", messageId: undefined }));
  expect(packet).toMatchObject({ cmd: "publish", qos: 0, dup: false, retain: false, topic: "a" });
});
