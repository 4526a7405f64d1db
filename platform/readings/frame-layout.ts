// A frame as bytes, little endian; what was measured is in docs/decisions/007-frame-codec.md.
//
//   header      the fields at the offsets of `at`
//   lengths     u16 for each name, in characters: the origin, the device ids, the sensor types
//   names       in that order, one or two bytes a character
//   devices     for each reading the place of its device id among the names; 1, 2 or 4 bytes, as few as their count needs
//   sensors     likewise
//   timestamps  u32 microseconds after the earliest; f64 where frames reach further than that
//   values      f64
//   rejections  JSON, nothing when there are none

/** Of every version. The first byte begins no text in UTF-8, so no JSON can be taken for a frame. */
export const magic = 0xf5_54_4d_46;
/** Of the bytes this program writes and reads. */
export const version = 1;
/** Where the fields of the header are. */
export const at = {
  magic: 0,
  version: 4,
  form: 5,
  receivedUs: 6,
  sequence: 14,
  earliestUs: 22,
  readings: 30,
  devices: 34,
  sensors: 38,
  rejectionBytes: 42,
} as const;
/** How long the header is. */
export const headerBytes = 46;

/** A bit of the form: names are UTF-16, since not all are Latin-1. */
export const wideNames = 1;
/** A bit of the form: timestamps are f64, since they are too far apart for u32. */
export const farTimestamps = 2;

/** What the header says of the rest. */
export interface Counts {
  readonly form: number;
  readonly readings: number;
  readonly devices: number;
  readonly sensors: number;
  readonly rejectionBytes: number;
}

/** Where each part of a frame begins. */
export interface Layout {
  readonly counts: Counts;
  readonly names: number;
  readonly devices: number;
  readonly sensors: number;
  readonly timestamps: number;
  readonly values: number;
  readonly rejections: number;
  readonly end: number;
}

/** The layout of a frame whose names have so many characters together. */
export function layoutOf(counts: Counts, characters: number): Layout {
  const names = namesAt(counts);
  const devices = names + characters * ((counts.form & wideNames) === 0 ? 1 : 2);
  const sensors = devices + counts.readings * widthOf(counts.devices);
  const timestamps = sensors + counts.readings * widthOf(counts.sensors);
  const values = timestamps + counts.readings * ((counts.form & farTimestamps) === 0 ? 4 : 8);
  const rejections = values + counts.readings * 8;
  const end = rejections + counts.rejectionBytes;
  return { counts, names, devices, sensors, timestamps, values, rejections, end };
}

/** Where the names begin: behind their lengths. */
export function namesAt({ devices, sensors }: Counts): number {
  return headerBytes + 2 * (1 + devices + sensors);
}

/** How many bytes the place of one of so many names takes. */
export function widthOf(names: number): number {
  if (names <= 0x100) return 1;
  return names <= 0x1_0000 ? 2 : 4;
}

/** How the names are written. */
export function encodingOf({ form }: Counts): "latin1" | "utf16le" {
  return (form & wideNames) === 0 ? "latin1" : "utf16le";
}

/** The same bytes, for numbers. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
