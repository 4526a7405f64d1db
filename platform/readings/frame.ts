import type { Reading } from "../../schema/reading.ts";
import type { Rejection } from "../../schema/rejection.ts";
import { PlatformError } from "../errors.ts";
import type { Frame, FrameContent } from "../ports.ts";
import {
  at,
  type Counts,
  encodingOf,
  farTimestamps,
  headerBytes,
  type Layout,
  layoutOf,
  magic,
  namesAt,
  version,
  viewOf,
  wideNames,
  widthOf,
} from "./frame-layout.ts";

const longestName = 0xffff;
// An origin is a key in the database: what cannot be stored there would hold up its shard for ever.
const originForm = /^[ -~]{1,64}$/;
// A rejection holds up to 4 kB of payload, a reading about 200 bytes.
const readingsARejection = 20;

/** How much memory a frame takes, in readings. */
export function weightOf(frame: Pick<FrameContent, "readings" | "rejections">): number {
  return frame.readings.length + readingsARejection * frame.rejections.length;
}

/** How many messages' worth a frame holds, readings and rejections alike: what the ledger counts. */
export function countOf(frame: Pick<FrameContent, "readings" | "rejections">): number {
  return frame.readings.length + frame.rejections.length;
}

/** Each name once, and for each reading the place of its name. */
class Dictionary {
  readonly names: string[] = [];
  readonly column: number[] = [];
  readonly #places = new Map<string, number>();

  add(name: string): void {
    let place = this.#places.get(name);
    if (place === undefined) {
      place = this.names.push(name) - 1;
      this.#places.set(name, place);
    }
    this.column.push(place);
  }
}

/**
 * The bytes of a frame.
 * @throws RangeError when the origin is not 1 to 64 printable ASCII characters, or a name is longer than 65 535.
 */
export function encodeFrame(frame: Frame): Buffer {
  const devices = new Dictionary();
  const sensors = new Dictionary();
  let earliestUs = frame.readings[0]?.timestampUs ?? 0;
  let latestUs = earliestUs;
  for (const { deviceId, sensorType, timestampUs } of frame.readings) {
    devices.add(deviceId);
    sensors.add(sensorType);
    if (timestampUs < earliestUs) earliestUs = timestampUs;
    if (timestampUs > latestUs) latestUs = timestampUs;
  }
  const names = [frame.origin, ...devices.names, ...sensors.names];
  const text = names.join("");
  const rejections = frame.rejections.length === 0 ? "" : JSON.stringify(frame.rejections);
  const counts: Counts = {
    form: (isWide(text) ? wideNames : 0) | (latestUs - earliestUs > 0xffff_ffff ? farTimestamps : 0),
    readings: frame.readings.length,
    devices: devices.names.length,
    sensors: sensors.names.length,
    rejectionBytes: Buffer.byteLength(rejections),
  };
  const layout = layoutOf(counts, text.length);
  const bytes = Buffer.allocUnsafe(layout.end);
  const view = viewOf(bytes);
  writeHeader(view, frame, counts);
  view.setFloat64(at.earliestUs, earliestUs, true);
  writeLengths(view, names);
  bytes.write(text, layout.names, encodingOf(counts));
  writePlaces(view, layout.devices, devices);
  writePlaces(view, layout.sensors, sensors);
  writeNumbers(view, frame.readings, layout);
  if (rejections !== "") bytes.write(rejections, layout.rejections);
  return bytes;
}

function isWide(text: string): boolean {
  return /[\u0100-\uffff]/.test(text);
}

function writeHeader(view: DataView, frame: Frame, counts: Counts): void {
  if (!originForm.test(frame.origin)) throw new RangeError(`“${frame.origin}” cannot be an origin`);
  view.setUint32(at.magic, magic);
  view.setUint8(at.version, version);
  view.setUint8(at.form, counts.form);
  view.setFloat64(at.receivedUs, frame.receivedUs, true);
  view.setFloat64(at.sequence, frame.sequence, true);
  view.setUint32(at.readings, counts.readings, true);
  view.setUint32(at.devices, counts.devices, true);
  view.setUint32(at.sensors, counts.sensors, true);
  view.setUint32(at.rejectionBytes, counts.rejectionBytes, true);
}

function writeLengths(view: DataView, names: readonly string[]): void {
  let offset = headerBytes;
  for (const { length } of names) {
    if (length > longestName)
      throw new RangeError(`a name has ${length} characters, more than ${longestName}`);
    view.setUint16(offset, length, true);
    offset += 2;
  }
}

function writePlaces(view: DataView, start: number, { names, column }: Dictionary): void {
  const width = widthOf(names.length);
  let offset = start;
  for (const place of column) {
    if (width === 1) view.setUint8(offset, place);
    else if (width === 2) view.setUint16(offset, place, true);
    else view.setUint32(offset, place, true);
    offset += width;
  }
}

function writeNumbers(view: DataView, readings: readonly Reading[], layout: Layout): void {
  const earliestUs = view.getFloat64(at.earliestUs, true);
  const isFar = (layout.counts.form & farTimestamps) !== 0;
  let timestamp = layout.timestamps;
  let number = layout.values;
  for (const { timestampUs, value } of readings) {
    if (isFar) view.setFloat64(timestamp, timestampUs, true);
    else view.setUint32(timestamp, timestampUs - earliestUs, true);
    view.setFloat64(number, value, true);
    timestamp += isFar ? 8 : 4;
    number += 8;
  }
}

/**
 * The frame of these bytes.
 * @throws PlatformError FRAME_UNREADABLE, not retryable, when they are no frame of ours; FRAME_TOO_NEW, retryable, when a newer
 * program wrote them, which only a newer program can read.
 */
export function decodeFrame(bytes: Buffer): Frame {
  const view = viewOf(bytes);
  const isOurs = bytes.length > at.version && view.getUint32(at.magic) === magic;
  if (isOurs && view.getUint8(at.version) > version) {
    const message = `a frame of version ${view.getUint8(at.version)} needs a newer processor; this one reads ${version}`;
    throw new PlatformError("FRAME_TOO_NEW", message, { retryable: true });
  }
  try {
    if (!isOurs || view.getUint8(at.version) !== version) throw new TypeError("these bytes begin no frame");
    return readFrame(bytes, view);
  } catch (cause) {
    throw new PlatformError("FRAME_UNREADABLE", "a stream entry is not a frame of readings", {
      cause,
      retryable: false,
    });
  }
}

function readFrame(bytes: Buffer, view: DataView): Frame {
  const counts = readCounts(view);
  const lengthsEnd = namesAt(counts);
  // Before the lengths are read, for as many as four thousand million of them may be announced.
  if (lengthsEnd > bytes.length) throw new TypeError("a frame ends before its names");
  let characters = 0;
  for (let offset = headerBytes; offset < lengthsEnd; offset += 2) characters += view.getUint16(offset, true);
  const layout = layoutOf(counts, characters);
  if (layout.end !== bytes.length) throw new TypeError("a frame is as long as its parts");
  const names = readNames(bytes, view, layout);
  const origin = names[0] ?? "";
  const receivedUs = view.getFloat64(at.receivedUs, true);
  const sequence = view.getFloat64(at.sequence, true);
  if (!originForm.test(origin) || !Number.isSafeInteger(receivedUs) || !Number.isSafeInteger(sequence)) {
    throw new TypeError("a frame has an origin, a number and an instant");
  }
  if (sequence < 1) throw new TypeError("frames are numbered from 1");
  return {
    origin,
    sequence,
    receivedUs,
    readings: readReadings(view, layout, names),
    rejections: counts.rejectionBytes === 0 ? [] : readRejections(bytes.toString("utf8", layout.rejections)),
  };
}

function readCounts(view: DataView): Counts {
  const form = view.getUint8(at.form);
  if (form > (wideNames | farTimestamps)) throw new TypeError("a frame has one of four forms");
  return {
    form,
    readings: view.getUint32(at.readings, true),
    devices: view.getUint32(at.devices, true),
    sensors: view.getUint32(at.sensors, true),
    rejectionBytes: view.getUint32(at.rejectionBytes, true),
  };
}

/** Each a string of its own, since a part of a longer one would keep all of it in memory for as long as a device is known. */
function readNames(bytes: Buffer, view: DataView, layout: Layout): string[] {
  const encoding = encodingOf(layout.counts);
  const characterBytes = encoding === "latin1" ? 1 : 2;
  const names: string[] = [];
  let start = layout.names;
  for (let offset = headerBytes; offset < layout.names; offset += 2) {
    const end = start + characterBytes * view.getUint16(offset, true);
    names.push(bytes.toString(encoding, start, end));
    start = end;
  }
  return names;
}

function readReadings(view: DataView, layout: Layout, names: readonly string[]): Reading[] {
  const { counts } = layout;
  const isFar = (counts.form & farTimestamps) !== 0;
  const deviceWidth = widthOf(counts.devices);
  const sensorWidth = widthOf(counts.sensors);
  const earliestUs = view.getFloat64(at.earliestUs, true);
  const readings: Reading[] = [];
  for (let index = 0; index < counts.readings; index += 1) {
    const device = placeAt(view, layout.devices + deviceWidth * index, deviceWidth);
    const sensor = placeAt(view, layout.sensors + sensorWidth * index, sensorWidth);
    const deviceId = names[1 + device];
    const sensorType = names[1 + counts.devices + sensor];
    const timestampUs = isFar
      ? view.getFloat64(layout.timestamps + 8 * index, true)
      : earliestUs + view.getUint32(layout.timestamps + 4 * index, true);
    const value = view.getFloat64(layout.values + 8 * index, true);
    if (
      device >= counts.devices ||
      deviceId === undefined ||
      sensorType === undefined ||
      !Number.isSafeInteger(timestampUs) ||
      !Number.isFinite(value)
    ) {
      throw new TypeError("a reading is a name, a name, an instant and a number");
    }
    readings.push({ deviceId, sensorType, timestampUs, value });
  }
  return readings;
}

function placeAt(view: DataView, offset: number, width: number): number {
  if (width === 1) return view.getUint8(offset);
  return width === 2 ? view.getUint16(offset, true) : view.getUint32(offset, true);
}

function readRejections(text: string): Rejection[] {
  const rejections: unknown = JSON.parse(text);
  if (!Array.isArray(rejections) || !rejections.every(isRejection)) {
    throw new TypeError("after its readings a frame has rejections");
  }
  return rejections;
}

/** Enough to be stored: one that the database refuses would hold up its shard for ever. */
function isRejection(item: unknown): item is Rejection {
  if (typeof item !== "object" || item === null) return false;
  // Every field is looked at below.
  const { id, code, reason, deviceId, source, payload, payloadBytes, receivedUs } =
    item as Partial<Rejection>;
  return (
    /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(String(id)) &&
    [code, reason, source, payload].every((text) => typeof text === "string") &&
    (deviceId === null || typeof deviceId === "string") &&
    [payloadBytes, receivedUs].every((number) => Number.isSafeInteger(number))
  );
}
