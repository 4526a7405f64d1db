/**
 * One measured value of one sensor. The triple (deviceId, sensorType, timestampUs) is its identity:
 * a reading that arrives again with the same triple is the same reading.
 */
export interface Reading {
  readonly deviceId: string;
  readonly sensorType: string;
  /** Microseconds since 1970-01-01T00:00:00Z, a whole number. `Date` keeps milliseconds only. */
  readonly timestampUs: number;
  /** In the unit of the sensor type; always finite. */
  readonly value: number;
}

/** Longest accepted device id, in characters. */
export const deviceIdLimit = 128;
/** Longest accepted sensor type, in characters. */
export const sensorTypeLimit = 64;

// An id is one level of an MQTT topic, so `/`, `+` and `#` cannot be part of it, nor can what the broker cuts a client off for: control
// characters and noncharacters (MQTT 3.1.1 §1.5.3). A leading `$` is reserved by §4.7.2.
const forbiddenInId = /[/+#\p{Cc}\p{Noncharacter_Code_Point}]|^\$|^\s|\s$/u;

/** Whether a text can be a device id: 1 to 128 characters that fit in one MQTT topic level. */
export function isDeviceId(text: string): boolean {
  return text.length > 0 && text.length <= deviceIdLimit && isIdText(text);
}

/** Whether a text can name a sensor type: 1 to 64 characters that fit in one MQTT topic level. */
export function isSensorType(text: string): boolean {
  return text.length > 0 && text.length <= sensorTypeLimit && isIdText(text);
}

// An unpaired surrogate cannot be written as UTF-8, so PostgreSQL would refuse the whole batch it is in.
function isIdText(text: string): boolean {
  return !forbiddenInId.test(text) && text.isWellFormed();
}

/** The shard a device belongs to: 32-bit FNV-1a over UTF-16 code units, so every service computes the same one. */
export function shardOf(deviceId: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < deviceId.length; index += 1) {
    hash ^= deviceId.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % shards;
}
