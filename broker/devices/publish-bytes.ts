/** What is needed to write a PUBLISH packet (MQTT 3.1.1 §3.3). */
export interface Publication {
  readonly topic: string;
  readonly payload: string;
  /** With one it is QoS 1, without QoS 0. */
  readonly messageId: number | undefined;
}

const publishType = 0x30;
const qosOne = 0x02;

/** The bytes of a PUBLISH. */
export function publishBytes({ topic, payload, messageId }: Publication): Buffer {
  const name = Buffer.from(topic);
  const content = Buffer.from(payload);
  const idBytes = messageId === undefined ? 0 : 2;
  const rest = Buffer.alloc(2 + name.length + idBytes);
  rest.writeUInt16BE(name.length);
  name.copy(rest, 2);
  if (messageId !== undefined) rest.writeUInt16BE(messageId, 2 + name.length);
  const head = messageId === undefined ? publishType : publishType | qosOne;
  return Buffer.concat([Buffer.from([head, ...lengthBytes(rest.length + content.length)]), rest, content]);
}

/** §2.2.3: seven bits a byte, the lowest first. */
function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return bytes;
}
