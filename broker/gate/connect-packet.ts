import { violationOfName, violationOfText } from "./mqtt-text.ts";
import { fieldAt, type Span, tooLong, tooShort } from "./packet-fields.ts";
import { type Violation, violation } from "./violation.ts";

const otherProtocol = violation("protocol-name", "MQTT-3.1.2-1", "CONNECT is of another protocol");
const otherLevel: Violation = {
  ...violation("protocol-level", "MQTT-3.1.2-2", "only MQTT 3.1 and 3.1.1 are spoken here"),
  returnCode: 1,
};
const namelessSession: Violation = {
  ...violation("client-id", "MQTT-3.1.3-8", "a client id is needed to keep a session"),
  returnCode: 2,
};
const nameless: Violation = {
  ...violation("client-id", "MQTT 3.1 §3.1", "MQTT 3.1 needs a client id"),
  returnCode: 2,
};

const breachOfFlags = (clause: string, reason: string): Violation =>
  violation("connect-flags", clause, reason);
const reservedFlag = breachOfFlags("MQTT-3.1.2-3", "the reserved flag of CONNECT is set");
const qosWithoutWill = breachOfFlags("MQTT-3.1.2-13", "CONNECT has a QoS for a will, and no will");
const willOfQos3 = breachOfFlags("MQTT-3.1.2-14", "a will has QoS 3");
const retainWithoutWill = breachOfFlags("MQTT-3.1.2-15", "CONNECT retains a will, and has none");
const passwordAlone = breachOfFlags("MQTT-3.1.2-22", "CONNECT has a password without a user name");

/** The level that goes with each name of the protocol. */
const levels: ReadonlyMap<string, number> = new Map([
  ["MQIsdp", 3],
  ["MQTT", 4],
]);

const flag = { reserved: 1, clean: 2, will: 4, willRetain: 0x20, password: 0x40, userName: 0x80 } as const;

/** What makes the body of a CONNECT packet one that is refused, or undefined. */
export function violationOfConnect(bytes: Buffer, { from, to: end }: Span): Violation | undefined {
  const name = fieldAt(bytes, from, end);
  if (name === undefined) return tooShort;
  const level = levels.get(bytes.toString("latin1", name.from, name.to));
  if (level === undefined) return otherProtocol;
  const [asked, flags] = [bytes[name.to], bytes[name.to + 1]];
  if (name.to >= end || asked === undefined) return tooShort;
  // Before anything else is looked at, since other levels have other fields.
  if (asked !== level) return otherLevel;
  // Level, flags, and two bytes of keep alive.
  const payloadFrom = name.to + 4;
  if (payloadFrom > end || flags === undefined) return tooShort;
  return (
    violationOfFlags(flags) ??
    violationOfPayload(bytes, { from: payloadFrom, to: end }, flags) ??
    violationOfClientId(bytes.readUInt16BE(payloadFrom), { level, isClean: (flags & flag.clean) !== 0 })
  );
}

function violationOfFlags(flags: number): Violation | undefined {
  const willQos = (flags >> 3) & 3;
  if ((flags & flag.reserved) !== 0) return reservedFlag;
  if ((flags & flag.will) === 0 && willQos !== 0) return qosWithoutWill;
  if ((flags & flag.will) === 0 && (flags & flag.willRetain) !== 0) return retainWithoutWill;
  if (willQos === 3) return willOfQos3;
  if ((flags & flag.password) !== 0 && (flags & flag.userName) === 0) return passwordAlone;
  return undefined;
}

type Check = (bytes: Buffer, field: Span) => Violation | undefined;
const anything: Check = () => undefined;

/** MQTT-3.1.3-1: the fields, in this order, as the flags say. */
function fieldsOf(flags: number): readonly Check[] {
  const will = (flags & flag.will) !== 0 ? [violationOfName, anything] : [];
  const userName = (flags & flag.userName) !== 0 ? [violationOfText] : [];
  const password = (flags & flag.password) !== 0 ? [anything] : [];
  return [violationOfText, ...will, ...userName, ...password];
}

function violationOfPayload(bytes: Buffer, { from, to: end }: Span, flags: number): Violation | undefined {
  let at = from;
  for (const check of fieldsOf(flags)) {
    const field = fieldAt(bytes, at, end);
    if (field === undefined) return tooShort;
    const found = check(bytes, field);
    if (found !== undefined) return found;
    at = field.to;
  }
  return at === end ? undefined : tooLong;
}

function violationOfClientId(
  length: number,
  { level, isClean }: { readonly level: number; readonly isClean: boolean },
): Violation | undefined {
  if (length > 0) return undefined;
  if (level === 3) return nameless;
  return isClean ? undefined : namelessSession;
}
