import { deepStrictEqual } from "node:assert";
import { deserialize, serialize } from "node:v8";
import type { Frame } from "../platform/ports.ts";
import { decodeFrame, encodeFrame } from "../platform/readings/frame.ts";
import type { Reading } from "../schema/reading.ts";
import type { Rejection } from "../schema/rejection.ts";
import { printTable } from "./table.ts";

interface Codec {
  readonly encode: (frame: Frame) => Buffer;
  readonly decode: (bytes: Buffer) => Frame;
}

const baseline = "JSON, flat array";

// Every decoder makes plain readings and checks each of them, since ours does.
const codecs: ReadonlyMap<string, Codec> = new Map([
  [baseline, { encode: (frame) => toJson(flatten(frame)), decode: (bytes) => unflatten(fromJson(bytes)) }],
  ["JSON, objects", { encode: toJson, decode: (bytes) => checked(fromJson(bytes)) }],
  [
    "JSON, columns",
    { encode: (frame) => toJson(toColumns(frame)), decode: (bytes) => fromColumns(fromJson(bytes)) },
  ],
  ["v8, objects", { encode: serialize, decode: (bytes) => checked(deserialize(bytes)) }],
  [
    "v8, columns",
    {
      encode: (frame) => serialize(typed(toColumns(frame))),
      decode: (bytes) => fromColumns(deserialize(bytes)),
    },
  ],
  ["platform/readings/frame.ts", { encode: encodeFrame, decode: decodeFrame }],
]);

/** Microseconds and bytes a reading takes in each codec, beside the flat JSON that frames began with. */
export function codecBench(): Promise<void> {
  const rows = [
    ...measure("25 readings, 6 devices", frameOf(25, 6)),
    ...measure("500 readings, 100 devices", frameOf(500, 100)),
    ...measure("1 reading", frameOf(1, 1)),
  ];
  printTable(`codec (a reading's share of its frame; ratios to ${baseline})`, rows);
  process.stdout.write(`${JSON.stringify({ bench: "codec", baseline, rows })}\n`);
  return Promise.resolve();
}

const sensorTypes = ["temperature", "humidity", "pressure", "vibration"];

/** Messages of four sensors, device after device, as a gatherer finds them. */
function frameOf(size: number, devices: number): Frame {
  const startUs = 1_795_348_798_123_456;
  const readings = Array.from({ length: size }, (_, index): Reading => {
    const message = Math.floor(index / sensorTypes.length);
    const device = message % devices;
    return {
      deviceId: `press-${String(device).padStart(2, "0")}-line-${device % 5}`,
      sensorType: sensorTypes[index % sensorTypes.length] ?? "",
      timestampUs: startUs + message * 137,
      value: Math.round(100 * (20 + 5 * Math.sin(index) + 300 * (index % 4))) / 100,
    };
  });
  const origin = "0b0a4c7e-52e1-4bd6-9f57-ff0a8a0b1d5e";
  return { origin, sequence: 123_456, receivedUs: startUs + 5000, readings, rejections: [] };
}

const rounds = 40;

function measure(title: string, frame: Frame): Readonly<Record<string, string | number>>[] {
  const trials = [...codecs].map(([name, codec]) => {
    const bytes = codec.encode(frame);
    deepStrictEqual(codec.decode(bytes), frame);
    return { name, codec, bytes, encodeUs: Number.POSITIVE_INFINITY, decodeUs: Number.POSITIVE_INFINITY };
  });
  // In turns, and the least of the rounds: what else the machine does can only add.
  for (let round = 0; round < rounds; round += 1) {
    for (const trial of trials) {
      const { codec, bytes } = trial;
      trial.encodeUs = Math.min(
        trial.encodeUs,
        microsecondsOf(() => codec.encode(frame)),
      );
      trial.decodeUs = Math.min(
        trial.decodeUs,
        microsecondsOf(() => codec.decode(bytes)),
      );
    }
  }
  const figures = trials.map(({ name, bytes, encodeUs, decodeUs }) => ({
    name,
    encodeUs: encodeUs / frame.readings.length,
    decodeUs: decodeUs / frame.readings.length,
    totalUs: (encodeUs + decodeUs) / frame.readings.length,
    bytes: bytes.length / frame.readings.length,
  }));
  const base = figures.find(({ name }) => name === baseline);
  return figures.map(({ name, encodeUs, decodeUs, totalUs, bytes }) => ({
    frame: title,
    codec: name,
    encodeUs: rounded(encodeUs, 3),
    decodeUs: rounded(decodeUs, 3),
    totalUs: rounded(totalUs, 3),
    timeRatio: rounded(totalUs / (base?.totalUs ?? Number.NaN), 2),
    bytes: rounded(bytes, 1),
    bytesRatio: rounded(bytes / (base?.bytes ?? Number.NaN), 2),
  }));
}

// A result that is kept is one the compiler cannot leave out.
const kept: { result: unknown } = { result: undefined };
const sampleMs = 4;

/** How long one call takes, of as many as fill the time of a sample. */
function microsecondsOf(call: () => unknown): number {
  for (let calls = 1; ; ) {
    const startedMs = performance.now();
    for (let index = 0; index < calls; index += 1) kept.result = call();
    const tookMs = performance.now() - startedMs;
    if (tookMs >= sampleMs) return (1000 * tookMs) / calls;
    calls = Math.ceil(calls * Math.min(8, (1.2 * sampleMs) / Math.max(tookMs, 0.01)));
  }
}

function rounded(figure: number, digits: number): number {
  return Number(figure.toFixed(digits));
}

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function fromJson<T>(bytes: Buffer): T {
  // Each codec reads only what it wrote itself, and every reading is looked at below.
  return JSON.parse(bytes.toString()) as T;
}

/** The same object, looked at as closely as ours are. */
function accept(reading: Reading): Reading {
  const { deviceId, sensorType, timestampUs, value } = reading;
  if (
    typeof deviceId !== "string" ||
    typeof sensorType !== "string" ||
    !Number.isSafeInteger(timestampUs) ||
    !Number.isFinite(value)
  ) {
    throw new TypeError("a reading is a text, a text, an instant and a number");
  }
  return reading;
}

function checked(frame: Frame): Frame {
  for (const reading of frame.readings) accept(reading);
  return frame;
}

/** The names as they were before there was a number and an origin. */
interface Flat {
  readonly origin: string;
  readonly sequence: number;
  readonly at: number;
  readonly readings: readonly (string | number)[];
  readonly rejections: readonly Rejection[];
}

function flatten({ origin, sequence, receivedUs, readings, rejections }: Frame): Flat {
  const flat: (string | number)[] = [];
  for (const { deviceId, sensorType, timestampUs, value } of readings) {
    flat.push(deviceId, sensorType, timestampUs, value);
  }
  return { origin, sequence, at: receivedUs, readings: flat, rejections };
}

function unflatten({ origin, sequence, at, readings: flat, rejections }: Flat): Frame {
  const readings: Reading[] = [];
  for (let index = 0; index < flat.length; index += 4) {
    readings.push(
      accept({
        // In the order that flatten gave them.
        deviceId: flat[index] as string,
        sensorType: flat[index + 1] as string,
        timestampUs: flat[index + 2] as number,
        value: flat[index + 3] as number,
      }),
    );
  }
  return { origin, sequence, receivedUs: at, readings, rejections };
}

/** Names once each; for each reading their places, its timestamp and its value. */
interface Columns extends Omit<Flat, "readings"> {
  readonly deviceIds: readonly string[];
  readonly sensorTypes: readonly string[];
  readonly devices: ArrayLike<number>;
  readonly sensors: ArrayLike<number>;
  readonly timestamps: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

function toColumns({ origin, sequence, receivedUs, readings, rejections }: Frame): Columns {
  const places = { devices: new Map<string, number>(), sensors: new Map<string, number>() };
  const devices: number[] = [];
  const sensors: number[] = [];
  const timestamps: number[] = [];
  const values: number[] = [];
  for (const { deviceId, sensorType, timestampUs, value } of readings) {
    devices.push(placeOf(places.devices, deviceId));
    sensors.push(placeOf(places.sensors, sensorType));
    timestamps.push(timestampUs);
    values.push(value);
  }
  const names = { deviceIds: [...places.devices.keys()], sensorTypes: [...places.sensors.keys()] };
  return { origin, sequence, at: receivedUs, ...names, devices, sensors, timestamps, values, rejections };
}

function placeOf(places: Map<string, number>, name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  const place = places.size;
  places.set(name, place);
  return place;
}

function typed(columns: Columns): Columns {
  return {
    ...columns,
    devices: Uint16Array.from(columns.devices),
    sensors: Uint16Array.from(columns.sensors),
    timestamps: Float64Array.from(columns.timestamps),
    values: Float64Array.from(columns.values),
  };
}

function fromColumns(columns: Columns): Frame {
  const { deviceIds, sensorTypes: types, devices, sensors, timestamps, values } = columns;
  const readings: Reading[] = [];
  for (let index = 0; index < devices.length; index += 1) {
    readings.push(
      accept({
        deviceId: deviceIds[devices[index] ?? -1] ?? "",
        sensorType: types[sensors[index] ?? -1] ?? "",
        timestampUs: timestamps[index] ?? Number.NaN,
        value: values[index] ?? Number.NaN,
      }),
    );
  }
  const { origin, sequence, at, rejections } = columns;
  return { origin, sequence, receivedUs: at, readings, rejections };
}
