import type { Rule } from "../../broker/gate/violation.ts";
import { by, greeted, hex, list, type Malformed, range } from "./malformed.ts";
import { connect, type Part, publish, raw, subscribe, unsubscribe } from "./packets.ts";

const badTexts: Readonly<Record<string, readonly [Rule, Buffer]>> = {
  "the character U+0000": ["text-characters", raw(0x61, 0, 0x62)],
  "a lone continuation byte": ["text-encoding", raw(0x61, 0x80)],
  "the byte 0xff": ["text-encoding", raw(0x61, 0xff)],
  "a sequence that ends early": ["text-encoding", raw(0x61, 0xe2, 0x82)],
  "a sequence that breaks off": ["text-encoding", raw(0xc3, 0x28)],
  "a high surrogate": ["text-encoding", raw(0xed, 0xa0, 0x80)],
  "a low surrogate": ["text-encoding", raw(0xed, 0xbf, 0xbf)],
  "a surrogate pair": ["text-encoding", raw(0xed, 0xa1, 0x8c, 0xed, 0xbe, 0xb4)],
  "an overlong slash": ["text-encoding", raw(0xc0, 0xaf)],
  "an overlong U+0000": ["text-encoding", raw(0xc0, 0x80)],
  "a slash in three bytes": ["text-encoding", raw(0xe0, 0x80, 0xaf)],
  "a slash in four bytes": ["text-encoding", raw(0xf0, 0x80, 0x80, 0xaf)],
  "a code point beyond U+10FFFF": ["text-encoding", raw(0xf4, 0x90, 0x80, 0x80)],
  "five bytes a character": ["text-encoding", raw(0xf8, 0x88, 0x80, 0x80, 0x80)],
  "a line feed": ["text-characters", Buffer.from("a\nb")],
  "an escape": ["text-characters", Buffer.from("\u001b[2J")],
  "U+007F": ["text-characters", Buffer.from("a\u007f")],
  "U+0085": ["text-characters", Buffer.from("a\u0085")],
  "the noncharacter U+FFFF": ["text-characters", Buffer.from("a\uffff")],
  "the noncharacter U+FDD0": ["text-characters", Buffer.from("a\ufdd0")],
  "the noncharacter U+1FFFE": ["text-characters", Buffer.from("a\u{1fffe}")],
};

/** Where a packet has a text. */
const withText: Readonly<Record<string, (text: Part) => Buffer>> = {
  "a client id": (text) => connect({ fields: [text] }),
  "a will topic": (text) => connect({ flags: 0x06, fields: ["c", text, "gone"] }),
  "a user name": (text) => connect({ flags: 0x82, fields: ["c", text] }),
  "a topic name": (text) => greeted(publish({ topic: text })),
  "a filter of subscribe": (text) => greeted(subscribe([text])),
  "a filter of unsubscribe": (text) => greeted(unsubscribe(["fine", text])),
};

const badNames = ["", "#", "+", "a/#", "a/+/b", "a#", "+a", "büro/+", "a/b+"];
const badFilters = [
  "",
  "a#",
  "a/b#",
  "#/a",
  "a/#/b",
  "##",
  "#+",
  "a/#/",
  "+a",
  "a+",
  "a/+b",
  "a/b+/c",
  "++",
  "+#",
  "a/++",
  "/+a",
  "büro/+x",
  "ä#",
];

/** Packets whose contents are wrong: texts, topics, the flags and the protocol of CONNECT. */
export const malformedContents: readonly Malformed[] = [...texts(), ...topics(), ...flags(), ...protocols()];

function texts(): Malformed[] {
  return Object.entries(withText).flatMap(([place, make]) =>
    Object.entries(badTexts).map(
      ([name, [rule, text]]): Malformed => ({ name: `${name} in ${place}`, rule, bytes: make(text) }),
    ),
  );
}

function topics(): Malformed[] {
  const shown = (text: string): string => JSON.stringify(text);
  return [
    ...list(
      "topic-name",
      by(badNames, (name) => [`publish on ${shown(name)}`, greeted(publish({ topic: name }))]),
    ),
    ...list(
      "topic-name",
      by(badNames, (name) => [
        `a will on ${shown(name)}`,
        connect({ flags: 0x06, fields: ["c", name, "gone"] }),
      ]),
    ),
    ...list(
      "topic-filter",
      by(badFilters, (filter) => [`subscribe to ${shown(filter)}`, greeted(subscribe([filter]))]),
    ),
    ...list(
      "topic-filter",
      by(badFilters, (filter) => [`subscribe to a and ${shown(filter)}`, greeted(subscribe(["a", filter]))]),
    ),
    ...list(
      "topic-filter",
      by(badFilters, (filter) => [`unsubscribe from ${shown(filter)}`, greeted(unsubscribe([filter]))]),
    ),
    ...list("filters-missing", {
      "subscribe to nothing": greeted(subscribe([])),
      "unsubscribe from nothing": greeted(unsubscribe([])),
    }),
    ...list(
      "requested-qos",
      by([3, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x81, 0xff], (qos) => [
        `subscribe with QoS byte ${hex(qos)}`,
        greeted(subscribe(["a"], { qos })),
      ]),
    ),
  ];
}

/** Every combination of flags that contradicts itself, with the fields that it asks for. */
function flags(): Malformed[] {
  const contradicts = (flags: number): boolean => {
    const [hasWill, willQos] = [(flags & 4) !== 0, (flags >> 3) & 3];
    return (
      (flags & 1) !== 0 ||
      (hasWill ? willQos === 3 : (flags & 0x38) !== 0) ||
      ((flags & 0x40) !== 0 && (flags & 0x80) === 0)
    );
  };
  const fieldsFor = (flags: number): string[] => [
    "c",
    ...((flags & 4) !== 0 ? ["wills/c", "gone"] : []),
    ...((flags & 0x80) !== 0 ? ["user"] : []),
    ...((flags & 0x40) !== 0 ? ["secret"] : []),
  ];
  return list(
    "connect-flags",
    by(range(0, 256).filter(contradicts), (flags) => [
      `connect with flags ${hex(flags)}`,
      connect({ flags, fields: fieldsFor(flags) }),
    ]),
  );
}

function protocols(): Malformed[] {
  const names = [
    "",
    "mqtt",
    "MQTt",
    "MQIsd",
    "MQIsdpp",
    "MQTT\0",
    "hj",
    "AMQP",
    "M".repeat(300),
    "__proto__",
  ];
  const levels = [0, 1, 2, 3, 5, 6, 0x7f, 0x80, 0x83, 0x84, 0xff];
  return [
    ...list(
      "protocol-name",
      by(names, (name) => [`protocol ${JSON.stringify(name).slice(0, 20)}`, connect({ name })]),
    ),
    ...list(
      "protocol-level",
      by(levels, (level) => [`MQTT of level ${level}`, connect({ level })]),
    ),
    ...list(
      "protocol-level",
      by([0, 2, 4, 5, 0x83], (level) => [`MQIsdp of level ${level}`, connect({ name: "MQIsdp", level })]),
    ),
    ...list("client-id", {
      "a session to keep without a client id": connect({ flags: 0, fields: [""] }),
      "a session to keep, with a user and without a client id": connect({
        flags: 0x80,
        fields: ["", "user"],
      }),
      "MQTT 3.1 without a client id": connect({ name: "MQIsdp", level: 3, fields: [""] }),
    }),
  ];
}
