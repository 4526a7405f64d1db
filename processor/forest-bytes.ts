import { PlatformError } from "../platform/errors.ts";
import type { Forest } from "./forest.ts";

const magic = 0x544d4946; // "TMIF"
const formatVersion = 1;
const headerBytes = 40;
const leafMark = -1;
// The feature (or -1 for a leaf), the split value (or the path length of a leaf), and the left child.
const bytesPerNode = 2 + 8 + 4;

/** A forest as bytes that are the same on every machine; `parseForest` reads them back. */
export function serialiseForest(forest: Forest): Uint8Array {
  const { roots, feature, split, child, path } = forest;
  const bytes = new Uint8Array(headerBytes + 4 * roots.length + bytesPerNode * feature.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint16(4, formatVersion);
  view.setUint16(6, forest.features);
  view.setUint32(8, forest.sampleSize);
  view.setUint32(12, roots.length);
  view.setUint32(16, feature.length);
  view.setFloat64(20, forest.normaliser);
  let at = headerBytes;
  for (const root of roots) {
    view.setUint32(at, root);
    at += 4;
  }
  for (let node = 0; node < feature.length; node++) {
    const isLeaf = child[node] === node;
    view.setInt16(at, isLeaf ? leafMark : (feature[node] ?? 0));
    view.setFloat64(at + 2, (isLeaf ? path[node] : split[node]) ?? 0);
    view.setUint32(at + 10, child[node] ?? 0);
    at += bytesPerNode;
  }
  view.setUint32(28, forest.depth);
  view.setUint32(32, checksum(bytes.subarray(headerBytes)));
  view.setUint32(36, checksum(bytes.subarray(0, 36)));
  return bytes;
}

/**
 * The forest that `serialiseForest` wrote.
 * @throws PlatformError MODEL_UNREADABLE when the bytes are anything else, so that a walk through its trees always ends.
 */
export function parseForest(bytes: Uint8Array): Forest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0) !== magic) throw unreadable("it is not a forest");
  if (view.getUint16(4) !== formatVersion) throw unreadable(`its format is ${view.getUint16(4)}, not 1`);
  const trees = view.getUint32(12);
  const nodes = view.getUint32(16);
  if (bytes.length !== headerBytes + 4 * trees + bytesPerNode * nodes) {
    throw unreadable(`${bytes.length} bytes cannot hold ${trees} trees of ${nodes} nodes together`);
  }
  const isIntact =
    view.getUint32(32) === checksum(bytes.subarray(headerBytes)) &&
    view.getUint32(36) === checksum(bytes.subarray(0, 36));
  if (!isIntact) throw unreadable("its checksum does not match");
  const forest: Forest = {
    features: view.getUint16(6),
    sampleSize: view.getUint32(8),
    normaliser: view.getFloat64(20),
    depth: view.getUint32(28),
    roots: new Int32Array(trees),
    feature: new Uint16Array(nodes),
    split: new Float64Array(nodes).fill(Number.NaN),
    child: new Int32Array(nodes),
    path: new Float64Array(nodes),
  };
  readNodes(view, forest);
  if (!isSound(forest)) throw unreadable("its trees lead astray");
  return forest;
}

function readNodes(view: DataView, { roots, feature, split, child, path }: Forest): void {
  for (let tree = 0; tree < roots.length; tree++) roots[tree] = view.getUint32(headerBytes + 4 * tree);
  for (let node = 0; node < child.length; node++) {
    const at = headerBytes + 4 * roots.length + bytesPerNode * node;
    const mark = view.getInt16(at);
    const isLeaf = mark === leafMark;
    (isLeaf ? path : split)[node] = view.getFloat64(at + 2);
    feature[node] = isLeaf ? 0 : mark;
    child[node] = view.getUint32(at + 10);
  }
}

// A walk may only meet nodes that exist and numbers that compare.
function isSound({ roots, feature, split, child, path, ...rest }: Forest): boolean {
  const nodes = child.length;
  if (roots.length === 0 || rest.depth > 64) return false;
  if (!(Number.isFinite(rest.normaliser) && rest.normaliser >= 0)) return false;
  if (!(roots.every((root) => root < nodes) && path.every((length) => Number.isFinite(length)))) return false;
  return child.every((left, node) => {
    if (left === node) return true;
    const isFeature = (feature[node] ?? 0) < rest.features;
    return isFeature && Number.isFinite(split[node]) && left > node && left + 1 < nodes;
  });
}

/** FNV-1a over all bytes. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function unreadable(reason: string): PlatformError {
  return new PlatformError("MODEL_UNREADABLE", `the stored forest cannot be read: ${reason}`, {
    retryable: false,
  });
}
