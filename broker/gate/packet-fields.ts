import { violation } from "./violation.ts";

/** A part of a packet: from a place up to another. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const tooShort = violation("packet-length", "§2.2.3", "a packet ends before its fields do");
export const tooLong = violation("packet-length", "§2.2.3", "a packet goes on after its last field");

/** The field of two bytes of length and so many bytes at this place, or undefined if the packet ends before it. */
export function fieldAt(bytes: Buffer, at: number, end: number): Span | undefined {
  const from = at + 2;
  if (from > end) return undefined;
  const to = from + bytes.readUInt16BE(at);
  return to > end ? undefined : { from, to };
}
