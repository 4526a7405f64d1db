// Arrays in the binary form of PostgreSQL's own protocol (array_send in its sources), which `pg` passes on as they are when they are
// Buffers. As text a batch of 1000 readings took both sides twice as long: every number was written as digits and read again.

const oids = { boolean: 16, bytea: 17, bigint: 20, integer: 23, text: 25, real: 700, double: 701 } as const;
const headerBytes = 20;
/** In front of every element: its length. */
const lengthBytes = 4;
const leastBigint = -(2 ** 63);

/** Of whole numbers below 2^53; anything else becomes the least there is, which no instant can be, so that the server refuses it. */
export function bigintArray(values: readonly number[]): Buffer {
  return fixedArray({ type: "bigint", size: 8 }, values, (bytes, value, at) => {
    const whole = Number.isSafeInteger(value) ? value : leastBigint;
    bytes.writeInt32BE(Math.floor(whole / 2 ** 32), at);
    bytes.writeUInt32BE(whole >>> 0, at + 4);
  });
}

export function integerArray(values: readonly number[]): Buffer {
  return fixedArray({ type: "integer", size: 4 }, values, (bytes, value, at) =>
    bytes.writeInt32BE(value, at),
  );
}

export function doubleArray(values: readonly number[]): Buffer {
  return fixedArray({ type: "double", size: 8 }, values, (bytes, value, at) =>
    bytes.writeDoubleBE(value, at),
  );
}

export function realArray(values: readonly number[]): Buffer {
  return fixedArray({ type: "real", size: 4 }, values, (bytes, value, at) => bytes.writeFloatBE(value, at));
}

export function booleanArray(values: readonly boolean[]): Buffer {
  return fixedArray({ type: "boolean", size: 1 }, values, (bytes, value, at) =>
    bytes.writeUInt8(value ? 1 : 0, at),
  );
}

export function textArray(values: readonly string[]): Buffer {
  const most = values.reduce((sum, value) => sum + lengthBytes + 3 * value.length, headerBytes);
  const bytes = Buffer.allocUnsafe(most);
  let at = writeHeader(bytes, "text", values.length);
  for (const value of values) {
    const length = writeText(bytes, value, at + lengthBytes);
    bytes.writeInt32BE(length, at);
    at += lengthBytes + length;
  }
  return bytes.subarray(0, at);
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  const parts: Uint8Array[] = [header.subarray(0, writeHeader(header, "bytea", values.length))];
  for (const value of values) {
    const length = Buffer.allocUnsafe(lengthBytes);
    length.writeInt32BE(value.length);
    parts.push(length, value);
  }
  return Buffer.concat(parts);
}

function fixedArray<T>(
  { type, size }: { type: keyof typeof oids; size: number },
  values: readonly T[],
  write: (bytes: Buffer, value: T, at: number) => void,
): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + values.length * (lengthBytes + size));
  let at = writeHeader(bytes, type, values.length);
  for (const value of values) {
    bytes.writeInt32BE(size, at);
    write(bytes, value, at + lengthBytes);
    at += lengthBytes + size;
  }
  return bytes.subarray(0, at);
}

/** Answers where the elements begin: an empty array has no dimension, and so a shorter header. */
function writeHeader(bytes: Buffer, type: keyof typeof oids, length: number): number {
  const numbers = length === 0 ? [0, 0, oids[type]] : [1, 0, oids[type], length, 1];
  let at = 0;
  for (const number of numbers) at = bytes.writeInt32BE(number, at);
  return at;
}

/** Ids are short and plain: a loop over them is three times as fast as a call into the encoder. */
function writeText(bytes: Buffer, text: string, at: number): number {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return bytes.write(text, at);
    bytes[at + index] = code;
  }
  return text.length;
}
