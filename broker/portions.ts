import { setImmediate as turnOfTheLoop } from "node:timers/promises";

/** Messages handed on before others have their turn: each is a match, a packet and a write, some ten microseconds. */
const portion = 32;

/** The same one after another, with a turn of the loop for everybody else between portions. */
export async function* inPortions<T>(all: AsyncIterable<T>): AsyncGenerator<T> {
  let given = 0;
  for await (const one of all) {
    yield one;
    given += 1;
    if (given % portion === 0) await turnOfTheLoop();
  }
}
