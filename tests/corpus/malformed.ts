import type { Rule } from "../../broker/gate/violation.ts";
import {
  connect,
  disconnect,
  number16,
  packet,
  pingreq,
  publish,
  subscribe,
  unsubscribe,
} from "./packets.ts";

/** What a client says from its first byte on, and the rule that it breaks. */
export interface Malformed {
  readonly name: string;
  readonly rule: Rule;
  readonly bytes: Buffer;
}

/** The limits that the packets which are too large exceed. */
export const corpusLimits = { maxConnectBytes: 16_384, maxPacketBytes: 262_144, maxFilters: 1000 } as const;

/** A CONNECT without a client id, so that nobody takes over from anybody. */
export const greeting = connect({ fields: [""] });

export const acknowledgements = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const;

/** Packets that are right after a CONNECT; what is wrong is made of them. */
export const sound: Readonly<Record<string, Buffer>> = {
  "publish with QoS 0": publish({ qos: 0 }),
  "publish with QoS 1": publish({ qos: 1 }),
  "publish with QoS 2": publish({ qos: 2 }),
  ...Object.fromEntries(
    Object.entries(acknowledgements).map(([name, first]) => [name, packet(first, number16(7))]),
  ),
  "subscribe to one": subscribe(["devices/c/#"]),
  "subscribe to two": subscribe(["devices/c/commands/+", "a"], { qos: 1 }),
  "unsubscribe from one": unsubscribe(["devices/c/#"]),
  "unsubscribe from two": unsubscribe(["devices/+/commands", "a"]),
  pingreq,
  disconnect,
};

export const soundConnects: Readonly<Record<string, Buffer>> = {
  "connect of 3.1.1": connect(),
  "connect of 3.1": connect({ name: "MQIsdp", level: 3 }),
  "connect with a will": connect({ flags: 0x2e, fields: ["c", "wills/c", "gone"] }),
  "connect with a user": connect({ flags: 0x82, fields: ["c", "user"] }),
  "connect with everything": connect({ flags: 0xee, fields: ["c", "wills/c", "gone", "user", "secret"] }),
};

/** Conversations with nothing wrong in them. */
export const soundConversations: readonly Buffer[] = [
  ...Object.values(soundConnects),
  ...Object.values(sound).map((bytes) => greeted(bytes)),
];

/** What somebody says who was let in. */
export function greeted(...packets: readonly Buffer[]): Buffer {
  return Buffer.concat([greeting, ...packets]);
}

/** Packets that break the same rule, by their names. */
export function list(rule: Rule, packets: Readonly<Record<string, Buffer>>): Malformed[] {
  return Object.entries(packets).map(([name, bytes]) => ({ name, rule, bytes }));
}

export function by<T>(things: Iterable<T>, toEntry: (thing: T) => readonly [name: string, bytes: Buffer]) {
  return Object.fromEntries([...things].map(toEntry));
}

/** The whole numbers from one up to another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

export function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
