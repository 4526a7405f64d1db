import type { Duplex } from "node:stream";
import type { Pace } from "./pace.ts";

export interface PacedReadingOptions {
  readonly pace: Pace;
  readonly now: () => number;
  /** Called whenever bytes are there that may not be read yet. */
  readonly onHeld: () => void;
}

const pieceBytes = 4096;

/**
 * Lets a stream be read no faster than a pace allows. What may not pass stays in the stream, which then takes nothing more from
 * its socket, so TCP slows the sender down and nothing is lost. For whoever reads on `readable`, as Aedes does; to be called
 * before anybody else reads, or replaces `read`. Answers with how to end it.
 */
export function paceReading(stream: Duplex, { pace, now, onHeld }: PacedReadingOptions): () => void {
  const read = stream.read.bind(stream);
  let timer: NodeJS.Timeout | undefined;
  let isFree = false;
  const hold = (): void => {
    timer = setTimeout(() => {
      timer = undefined;
      stream.emit("readable");
    }, pace.waitMs(now()));
    onHeld();
  };
  /** In pieces, for a stream that is emptied fetches more, and what does not pass goes back into it. */
  const readPiece = (): Buffer | undefined => {
    // Asked for nothing in particular when it is empty, it fetches, or ends. Nobody sets an encoding on these streams.
    const bytes = read(Math.min(stream.readableLength, pieceBytes) || undefined) as Buffer | null;
    if (bytes === null) return undefined;
    const passed = pace.pass(bytes, now());
    if (passed === bytes.length) return bytes;
    stream.unshift(bytes.subarray(passed));
    hold();
    return passed > 0 ? bytes.subarray(0, passed) : undefined;
  };
  stream.read = (size?: number): Buffer | null => {
    // With 0 Node asks the stream to fetch, and takes nothing.
    if (size === 0 || isFree) return read(size);
    const passing: Buffer[] = [];
    while (timer === undefined) {
      const piece = readPiece();
      if (piece === undefined) break;
      passing.push(piece);
    }
    return passing.length > 1 ? Buffer.concat(passing) : (passing[0] ?? null);
  };
  stream.once("close", () => clearTimeout(timer));
  return () => {
    isFree = true;
  };
}
