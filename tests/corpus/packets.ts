// MQTT packets byte by byte, so that they can be wrong in every way. mqtt-packet writes only what is right.

/** Bytes, or a text that is written with two bytes of length before it. */
export type Part = string | Buffer;

/** Bytes as they are. */
export function raw(...bytes: readonly number[]): Buffer {
  return Buffer.from(bytes);
}

export function number16(value: number): Buffer {
  return raw(value >> 8, value & 0xff);
}

/** A text or bytes with two bytes of length before them. */
export function field(content: Part): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([number16(bytes.length), bytes]);
}

/** A packet with this first byte and what follows the fixed header. */
export function packet(first: number, ...body: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(body);
  return Buffer.concat([raw(first), remainingLength(bytes.length), bytes]);
}

/** So many bytes as the fixed header announces them. */
export function remainingLength(size: number): Buffer {
  const bytes: number[] = [];
  let left = size;
  do {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return raw(...bytes);
}

export interface Connect {
  readonly name?: Part;
  readonly level?: number;
  readonly flags?: number;
  /** Client id, will topic, will message, user name, password: as the flags say. */
  readonly fields?: readonly Part[];
}

export const clean = 2;

export function connect({
  name = "MQTT",
  level = 4,
  flags = clean,
  fields = ["corpus"],
}: Connect = {}): Buffer {
  return packet(0x10, field(name), raw(level, flags), number16(60), ...fields.map(field));
}

export interface Publish {
  readonly qos?: 0 | 1 | 2;
  readonly topic?: Part;
  readonly id?: number;
  readonly payload?: Part;
}

export function publish({ qos = 1, topic = "devices/c/telemetry", id = 7, payload = "21.4" }: Publish = {}) {
  return packet(0x30 | (qos << 1), field(topic), qos === 0 ? raw() : number16(id), Buffer.from(payload));
}

export function subscribe(filters: readonly Part[], { id = 7, qos = 0 } = {}): Buffer {
  return packet(0x82, number16(id), ...filters.flatMap((filter) => [field(filter), raw(qos)]));
}

export function unsubscribe(filters: readonly Part[], id = 7): Buffer {
  return packet(0xa2, number16(id), ...filters.map(field));
}

export const pingreq = packet(0xc0);
export const disconnect = packet(0xe0);
