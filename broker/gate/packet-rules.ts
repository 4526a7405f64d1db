import { violationOfConnect } from "./connect-packet.ts";
import { violationOfFilter, violationOfName } from "./mqtt-text.ts";
import { fieldAt, type Span, tooLong, tooShort } from "./packet-fields.ts";
import { type Violation, violation } from "./violation.ts";

/** The packets a client sends, by the upper half of their first byte (§2.2.1). */
export const packetType = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

const unknownType = violation("packet-type", "§2.2.1", "a packet is of a type that is reserved");
const serversType = violation("packet-type", "§2.2.1", "a packet is of a type that only servers send");
const flagged = violation("header-flags", "MQTT-2.2.2-2", "a packet has flags that its type does not allow");
const qos3 = violation("publish-flags", "MQTT-3.3.1-4", "PUBLISH has QoS 3");
const repeatedQos0 = violation(
  "publish-flags",
  "MQTT-3.3.1-2",
  "PUBLISH with QoS 0 is marked as a duplicate",
);
const noPacketId = violation("packet-id", "MQTT-2.3.1-1", "a packet id is 0");
const foreignPacketId = violation("packet-id", "MQTT-2.3.1-6", "the packet id of an acknowledgement is 0");
const subscribesToNothing = violation("filters-missing", "MQTT-3.8.3-3", "SUBSCRIBE has no filter");
const unsubscribesFromNothing = violation("filters-missing", "MQTT-3.10.3-2", "UNSUBSCRIBE has no filter");
// No rule of MQTT: for each of tens of thousands at once Aedes would keep everybody waiting.
const tooManyFilters = violation("filters-many", "–", "more filters at once than a client may have");
const badRequestedQos = violation("requested-qos", "MQTT-3-8.3-4", "SUBSCRIBE asks for more than QoS 2");

const sentByClients = new Set<number>(Object.values(packetType));
/** MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1. */
const flaggedTypes = new Set<number>([packetType.pubrel, packetType.subscribe, packetType.unsubscribe]);

/** What is wrong with each first byte there can be. */
const firstBytes: readonly (Violation | undefined)[] = Array.from({ length: 256 }, (_, first) =>
  violationOfFirstByte(first >> 4, first & 15),
);

function violationOfFirstByte(type: number, flags: number): Violation | undefined {
  if (type === 0 || type === 15) return unknownType;
  if (!sentByClients.has(type)) return serversType;
  if (type !== packetType.publish) return flags === (flaggedTypes.has(type) ? 2 : 0) ? undefined : flagged;
  if (qosOf(flags) === 3) return qos3;
  return qosOf(flags) === 0 && (flags & 8) !== 0 ? repeatedQos0 : undefined;
}

function qosOf(first: number): number {
  return (first >> 1) & 3;
}

/** What is wrong with a packet that begins with this byte, or undefined. */
export function violationOfType(first: number): Violation | undefined {
  return firstBytes[first];
}

/** What follows a fixed header, and what of it is limited. */
export interface Body extends Span {
  readonly maxFilters: number;
}

/** What is wrong with what follows the fixed header of a packet that begins with `first`, or undefined. */
export function violationOfBody(first: number, bytes: Buffer, body: Body): Violation | undefined {
  switch (first >> 4) {
    case packetType.publish:
      return violationOfPublish(qosOf(first), bytes, body);
    case packetType.puback:
    case packetType.pubrec:
    case packetType.pubrel:
    case packetType.pubcomp:
      return violationOfAcknowledgement(bytes, body);
    case packetType.subscribe:
    case packetType.unsubscribe:
      return violationOfFilters(first >> 4, bytes, body);
    case packetType.connect:
      return violationOfConnect(bytes, body);
    default:
      return body.from === body.to ? undefined : tooLong;
  }
}

function violationOfPublish(qos: number, bytes: Buffer, { from, to }: Span): Violation | undefined {
  const topic = fieldAt(bytes, from, to);
  if (topic === undefined) return tooShort;
  if (qos > 0) {
    if (topic.to + 2 > to) return tooShort;
    if (bytes.readUInt16BE(topic.to) === 0) return noPacketId;
  }
  return violationOfName(bytes, topic);
}

function violationOfAcknowledgement(bytes: Buffer, { from, to }: Span): Violation | undefined {
  if (to < from + 2) return tooShort;
  if (to > from + 2) return tooLong;
  return bytes.readUInt16BE(from) === 0 ? foreignPacketId : undefined;
}

function violationOfFilters(
  type: number,
  bytes: Buffer,
  { from, to, maxFilters }: Body,
): Violation | undefined {
  const isSubscribe = type === packetType.subscribe;
  const head = violationOfPacketId(bytes, { from, to });
  if (head !== undefined) return head;
  if (from + 2 === to) return isSubscribe ? subscribesToNothing : unsubscribesFromNothing;
  let at = from + 2;
  for (let count = 1; at < to; count += 1) {
    if (maxFilters > 0 && count > maxFilters) return tooManyFilters;
    const filter = fieldAt(bytes, at, to);
    if (filter === undefined) return tooShort;
    const found = violationOfFilter(bytes, filter) ?? violationOfQos(type, bytes, { from: filter.to, to });
    if (found !== undefined) return found;
    at = filter.to + (isSubscribe ? 1 : 0);
  }
  return undefined;
}

function violationOfPacketId(bytes: Buffer, { from, to }: Span): Violation | undefined {
  if (from + 2 > to) return tooShort;
  return bytes.readUInt16BE(from) === 0 ? noPacketId : undefined;
}

/** The byte behind a filter of SUBSCRIBE: six reserved bits, and the QoS. UNSUBSCRIBE has none. */
function violationOfQos(type: number, bytes: Buffer, { from, to }: Span): Violation | undefined {
  if (type !== packetType.subscribe) return undefined;
  if (from === to) return tooShort;
  return bytes.readUInt8(from) > 2 ? badRequestedQos : undefined;
}
