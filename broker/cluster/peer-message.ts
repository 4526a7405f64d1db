import { decodeMessage, encodeMessage, type Message, parseJson } from "./message-bytes.ts";

/** What one broker says to another. */
export type PeerMessage =
  | { readonly kind: "message"; readonly message: Message }
  /** These clients are connected here now, so nowhere else; `number` grows over the arrivals at all brokers, `count` counts these letters. */
  | {
      readonly kind: "arrived";
      readonly number: number;
      readonly count: number;
      readonly clientIds: readonly string[];
    }
  /** What the clients here can hear changed; `number` counts the changes. */
  | {
      readonly kind: "ears";
      readonly number: number;
      readonly opened: readonly string[];
      readonly closed: readonly string[];
    };

/** What came in one piece, and from whom. */
export interface PeerLetter {
  readonly from: string;
  readonly messages: readonly PeerMessage[];
}

const kinds = ["message", "arrived", "ears"] as const;
const idBytes = 36;
const lengthBytes = 4;

/** One message, to be put behind others in a letter: length, kind, content. */
export function encodePeerMessage(message: PeerMessage): Buffer {
  const content = contentOf(message);
  const head = Buffer.allocUnsafe(lengthBytes + 1);
  head.writeUInt32BE(content.length + 1);
  head.writeUInt8(kinds.indexOf(message.kind), lengthBytes);
  return Buffer.concat([head, content]);
}

/** A letter of encoded messages; `from` is a UUID. */
export function encodeLetter(from: string, messages: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(from.padEnd(idBytes).slice(0, idBytes)), ...messages]);
}

/** Undefined for what no broker wrote. Never throws, whatever the bytes. */
export function decodeLetter(bytes: Uint8Array): PeerLetter | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = buffer.toString("utf8", 0, idBytes);
  if (!/^[0-9a-f-]{36}$/.test(from)) return undefined;
  const messages: PeerMessage[] = [];
  let place = idBytes;
  while (place < buffer.length) {
    if (place + lengthBytes + 1 > buffer.length) return undefined;
    const end = place + lengthBytes + buffer.readUInt32BE(place);
    if (end > buffer.length || end < place + lengthBytes + 1) return undefined;
    const message = decodeContent(
      buffer.readUInt8(place + lengthBytes),
      buffer.subarray(place + lengthBytes + 1, end),
    );
    if (message === undefined) return undefined;
    messages.push(message);
    place = end;
  }
  return { from, messages };
}

function contentOf(message: PeerMessage): Buffer {
  switch (message.kind) {
    case "message":
      return encodeMessage(message.message);
    case "arrived":
      return Buffer.from(JSON.stringify([message.number, message.count, message.clientIds]));
    case "ears":
      return Buffer.from(JSON.stringify([message.number, message.opened, message.closed]));
  }
}

function decodeContent(kind: number, content: Buffer): PeerMessage | undefined {
  switch (kinds[kind]) {
    case "message": {
      const message = decodeMessage(content);
      return message === undefined ? undefined : { kind: "message", message };
    }
    case "arrived": {
      const [number, count, clientIds] = listIn(content);
      if (typeof number !== "number" || typeof count !== "number" || !areTexts(clientIds)) return undefined;
      return { kind: "arrived", number, count, clientIds };
    }
    case "ears": {
      const [number, opened, closed] = listIn(content);
      if (typeof number !== "number" || !areTexts(opened) || !areTexts(closed)) return undefined;
      return { kind: "ears", number, opened, closed };
    }
    default:
      return undefined;
  }
}

function listIn(content: Buffer): readonly unknown[] {
  const parsed = parseJson(content.toString());
  return Array.isArray(parsed) ? parsed : [];
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
