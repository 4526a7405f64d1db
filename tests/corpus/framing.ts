import {
  acknowledgements,
  by,
  corpusLimits,
  greeted,
  hex,
  list,
  type Malformed,
  range,
  sound,
  soundConnects,
} from "./malformed.ts";
import {
  clean,
  connect,
  disconnect,
  field,
  number16,
  packet,
  publish,
  raw,
  subscribe,
  unsubscribe,
} from "./packets.ts";

/** Packets whose frames are wrong: their turn, their headers, their sizes, their ids. */
export const malformedFrames: readonly Malformed[] = [
  ...beginnings(),
  ...headers(),
  ...sizes(),
  ...lengths(),
  ...ids(),
];

function beginnings(): Malformed[] {
  const strangers = {
    "an HTTP request": Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a TLS greeting": Buffer.from("16030100c8010000c40303", "hex"),
    "an SSH greeting": Buffer.from("SSH-2.0-OpenSSH_9.6\r\n"),
    "a Redis command": Buffer.from("*1\r\n$4\r\nPING\r\n"),
    "a line of text": Buffer.from("hello\r\n"),
    zeros: Buffer.alloc(64),
    "a second of noise": Buffer.alloc(512, 0xa5),
  };
  const { "a TLS greeting": tls, ...others } = strangers;
  return [
    ...list("connect-first", others),
    ...list("header-flags", { "a TLS greeting": tls }),
    ...list(
      "connect-first",
      by(Object.entries(sound), ([name, bytes]) => [`${name} as the first packet`, bytes]),
    ),
    ...list(
      "connect-once",
      by(Object.entries(soundConnects), ([name, bytes]) => [`${name} again`, greeted(bytes)]),
    ),
    ...list(
      "after-disconnect",
      by(Object.entries({ ...sound, ...soundConnects }), ([name, bytes]) => [
        `${name} after disconnect`,
        greeted(disconnect, bytes),
      ]),
    ),
  ];
}

function headers(): Malformed[] {
  const flagged = Object.entries({ ...sound, ...soundConnects }).flatMap(([name, bytes]) => {
    const [right = 0] = bytes;
    if (right >> 4 === 3) return [];
    return range(0, 16)
      .filter((flags) => flags !== (right & 15))
      .map((flags): [string, Buffer] => {
        const wrong = Buffer.concat([raw((right & 0xf0) | flags), bytes.subarray(1)]);
        return [`${name} with flags ${flags}`, right >> 4 === 1 ? wrong : greeted(wrong)];
      });
  });
  const body = publish().subarray(2);
  return [
    ...list("header-flags", Object.fromEntries(flagged)),
    ...list(
      "publish-flags",
      by([6, 7, 14, 15], (flags) => [
        `publish with QoS 3, flags ${flags}`,
        greeted(packet(0x30 | flags, body)),
      ]),
    ),
    ...list(
      "publish-flags",
      by([8, 9], (flags) => [`a duplicate with QoS 0, flags ${flags}`, greeted(packet(0x30 | flags, body))]),
    ),
    ...list(
      "packet-type",
      by([...range(0, 16), ...range(0xf0, 0x100), 0x20, 0x90, 0xb0, 0xd0], (first) => [
        `first byte ${hex(first)}`,
        greeted(packet(first, number16(7))),
      ]),
    ),
  ];
}

function sizes(): Malformed[] {
  return [
    ...list("remaining-length", {
      "five bytes of remaining length": greeted(raw(0x30, 0x80, 0x80, 0x80, 0x80, 0x01)),
      "remaining length without end": greeted(Buffer.concat([raw(0x30), Buffer.alloc(32, 0xff)])),
      "connect with five bytes of remaining length": raw(0x10, 0xff, 0xff, 0xff, 0xff, 0x01),
      "subscribe with five bytes of remaining length": greeted(raw(0x82, 0x85, 0x80, 0x80, 0x80, 0x00)),
    }),
    ...list("packet-size", {
      "connect that announces 256 MB": raw(0x10, 0xff, 0xff, 0xff, 0x7f),
      "connect that is a byte too large": connectOfSize(corpusLimits.maxConnectBytes + 1),
      "publish that announces 256 MB": greeted(raw(0x32, 0xff, 0xff, 0xff, 0x7f)),
      "publish that is a byte too large": greeted(publishOfSize(corpusLimits.maxPacketBytes + 1)),
      "subscribe that announces 256 MB": greeted(raw(0x82, 0xff, 0xff, 0xff, 0x7f)),
    }),
  ];
}

/** A CONNECT packet of so many bytes, header included; more than 128 and fewer than 16 387. */
export function connectOfSize(size: number): Buffer {
  const rest = size - 3 - 10 - 2;
  return connect({ fields: ["x".repeat(rest)] });
}

/** A PUBLISH packet of so many bytes, header included, of which the remaining length takes three. */
export function publishOfSize(size: number): Buffer {
  const topic = "a";
  return publish({ topic, payload: Buffer.alloc(size - 4 - field(topic).length - 2, 0x20) });
}

/** Every place where a packet can end too early, and packets that do not end where they should. */
function lengths(): Malformed[] {
  const cut = Object.entries({ ...sound, ...soundConnects }).flatMap(([name, bytes]) => {
    const [first = 0] = bytes;
    const body = bytes.subarray(2);
    const isConnect = first >> 4 === 1;
    return range(0, fixedBytesOf(first, body))
      .filter((length) => !isWhole(first, body, length))
      .map((length): [string, Buffer] => {
        const wrong = packet(first, body.subarray(0, length));
        return [`${name} cut to ${length} bytes`, isConnect ? wrong : greeted(wrong)];
      });
  });
  const padded = Object.entries({ ...sound, ...soundConnects }).flatMap(([name, bytes]) => {
    const [first = 0] = bytes;
    if (first >> 4 === 3) return [];
    return [1, 3].map((extra): [string, Buffer] => {
      const wrong = packet(first, bytes.subarray(2), Buffer.alloc(extra));
      return [`${name} padded with ${extra}`, first >> 4 === 1 ? wrong : greeted(wrong)];
    });
  });
  const overrunning = {
    "a topic longer than its packet": greeted(packet(0x30, number16(400), Buffer.from("short"))),
    "a filter longer than its packet": greeted(
      packet(0x82, number16(7), number16(400), Buffer.from("a"), raw(0)),
    ),
    "a client id longer than its packet": packet(
      0x10,
      field("MQTT"),
      raw(4, clean, 0, 60),
      number16(0xffff),
      raw(0x61),
    ),
    "a filter without QoS": greeted(packet(0x82, number16(7), field("a"))),
    "a filter of 65 535 bytes that are not there": greeted(packet(0xa2, number16(7), number16(0xffff))),
  };
  return [
    ...list("packet-length", Object.fromEntries(cut)),
    ...list("packet-length", overrunning),
    ...list(
      "packet-length",
      Object.fromEntries(padded.filter(([name]) => !/subscribe .* padded with 3/.test(name))),
    ),
    // Two zero bytes are an empty filter; the third would be its QoS.
    ...list(
      "topic-filter",
      Object.fromEntries(padded.filter(([name]) => /subscribe .* padded with 3/.test(name))),
    ),
  ];
}

/** How much of a body must be there for the packet to be whole: all of it, but for the payload of PUBLISH. */
function fixedBytesOf(first: number, body: Buffer): number {
  if (first >> 4 !== 3) return body.length;
  return 2 + body.readUInt16BE(0) + ((first & 6) === 0 ? 0 : 2);
}

/** Whether a cut leaves what is wrong in another way, or not at all: SUBSCRIBE and UNSUBSCRIBE between two filters. */
function isWhole(first: number, body: Buffer, length: number): boolean {
  const type = first >> 4;
  if (type !== 8 && type !== 10) return false;
  let end = 2;
  while (end < length) end += 2 + body.readUInt16BE(end) + (type === 8 ? 1 : 0);
  return end === length;
}

function ids(): Malformed[] {
  return list("packet-id", {
    "publish with QoS 1 and id 0": greeted(publish({ qos: 1, id: 0 })),
    "publish with QoS 2 and id 0": greeted(publish({ qos: 2, id: 0 })),
    "subscribe with id 0": greeted(subscribe(["a"], { id: 0 })),
    "unsubscribe with id 0": greeted(unsubscribe(["a"], 0)),
    ...by(Object.entries(acknowledgements), ([name, first]) => [
      `${name} with id 0`,
      greeted(packet(first, number16(0))),
    ]),
  });
}
