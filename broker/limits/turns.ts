import type { Duplex } from "node:stream";

/** What one connection may have read in a turn of the loop: more than devices say in one, and less than half a millisecond's work. */
const turnBytes = 2048;

/**
 * Lets a stream be read in portions, one a turn of the loop, so that who says much at once does not keep those waiting who say little.
 * For whoever reads on `readable`, as Aedes does; to be called before anybody else reads, or replaces `read`.
 */
export function takeTurns(stream: Duplex): void {
  const read = stream.read.bind(stream);
  let hadItsTurn = false;
  const nextTurn = (): void => {
    hadItsTurn = false;
    if (!stream.destroyed) stream.emit("readable");
  };
  stream.read = (size?: number): Buffer | null => {
    // With 0 Node asks the stream to fetch, and takes nothing.
    if (size === 0) return read(0);
    if (hadItsTurn) return null;
    const most = Math.min(size ?? turnBytes, turnBytes);
    // Asked for nothing in particular when it is empty, it fetches, or ends. Nobody sets an encoding on these streams.
    const bytes = read(Math.min(stream.readableLength, most) || undefined) as Buffer | null;
    hadItsTurn = stream.readableLength > 0;
    if (hadItsTurn) setImmediate(nextTurn);
    return bytes;
  };
}
