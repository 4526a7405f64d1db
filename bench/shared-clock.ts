/** Microseconds since the epoch, on a clock that all threads and processes of this machine can share. */
export type SharedClock = () => number;

/** What, added to the monotonic clock, gives microseconds since the epoch. Taken once, and handed to every thread. */
export function clockOffsetUs(): number {
  return Date.now() * 1000 - monotonicUs();
}

/** `performance.timeOrigin` differs between threads, and the wall clock may be set; the monotonic clock is one for all. */
export function sharedClock(offsetUs: number): SharedClock {
  return () => offsetUs + monotonicUs();
}

function monotonicUs(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}
