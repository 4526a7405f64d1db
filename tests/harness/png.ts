import { inflateSync } from "node:zlib";

/** Red, green, blue. */
export type Dot = readonly number[];

const headerAt = 8;
const pixelTypeRgba = 6;

/** How large a PNG is. */
export function sizeOf(png: Buffer): { readonly width: number; readonly height: number } {
  return { width: png.readUInt32BE(headerAt + 8), height: png.readUInt32BE(headerAt + 12) };
}

/** The colour of the pixel at the top left of a PNG, which every filter leaves as it is. */
export function cornerOf(png: Buffer): Dot {
  if (png.readUInt8(headerAt + 8 + 9) !== pixelTypeRgba) throw new Error("it has another kind of pixels");
  const parts: Buffer[] = [];
  let at = headerAt;
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return [...inflateSync(Buffer.concat(parts)).subarray(1, 4)];
}
