import { PlatformError } from "../platform/errors.ts";
import { channelNames } from "../schema/scored.ts";
import { magnitude } from "./channels.ts";
import { type Forest, isolation } from "./forest.ts";
import { parseForest, serialiseForest } from "./forest-bytes.ts";

/** What has been learnt about one sensor type from many of its series. */
export interface Model {
  /** E.g. `temperature@factory-2` or `co2@2`. */
  readonly version: string;
  readonly forest: Forest;
  /** The evidence at which a reading becomes an anomaly. */
  readonly limit: number;
  /** How many readings the forest and its limit were made from. */
  readonly trainingRows: number;
}

/**
 * How strongly the channels of a reading speak against it. A forest cannot tell far out from further out, so the size of the
 * surprise is added: beyond what the forest was grown on, a bigger surprise always weighs more.
 */
export function evidence(
  forest: Forest,
  channels: readonly number[],
  size: number = evidenceOfSize(channels),
): number {
  return isolation(forest, channels) + size;
}

/** What the size of the surprise speaks against a reading; a forest adds 1 at most. */
export function evidenceOfSize(channels: readonly number[]): number {
  return 0.5 * Math.log1p(magnitude(channels));
}

const magic = 0x544d4d44; // "TMMD"
// Grows when the bytes, or the meaning of a channel, change.
const formatVersion = 2;
const headerBytes = 20;

/** A model as bytes; its version is not in them, the store knows it. */
export function serialiseModel(model: Model): Uint8Array {
  const forest = serialiseForest(model.forest);
  const bytes = new Uint8Array(headerBytes + forest.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, formatVersion);
  view.setUint32(8, model.trainingRows);
  view.setFloat64(12, model.limit);
  bytes.set(forest, headerBytes);
  return bytes;
}

/**
 * The model that `serialiseModel` wrote.
 * @throws PlatformError MODEL_UNREADABLE when the bytes are anything else, or of other channels than today's.
 */
export function parseModel(bytes: Uint8Array, version: string): Model {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0) !== magic)
    throw unreadable(version, "it is not a model");
  const format = view.getUint32(4);
  if (format !== formatVersion) throw unreadable(version, `its format is ${format}, not ${formatVersion}`);
  const limit = view.getFloat64(12);
  if (!(limit > 0 && Number.isFinite(limit))) throw unreadable(version, "its limit is no positive number");
  const forest = parseForest(bytes.subarray(headerBytes));
  if (forest.features !== channelNames.length) {
    throw unreadable(version, `it knows ${forest.features} channels, not ${channelNames.length}`);
  }
  return { version, forest, limit, trainingRows: view.getUint32(8) };
}

function unreadable(version: string, reason: string): PlatformError {
  return new PlatformError("MODEL_UNREADABLE", `model ${version} cannot be read: ${reason}`, {
    retryable: false,
  });
}
