import { PlatformError } from "./errors.ts";
import type { Running } from "./ports.ts";
import type { Log } from "./telemetry.ts";

interface Started {
  readonly name: string;
  readonly stop: () => Promise<void>;
}

/** Starts things in order and stops them in reverse, once, within a deadline. */
export class Lifecycle {
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #started: Started[] = [];
  #stopping: Promise<void> | undefined;

  constructor(log: Log, deadlineMs: number) {
    this.#log = log;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Awaits `start` and remembers how to stop what it gave.
   * @throws PlatformError STOPPING when a stop began before or meanwhile; what was started is stopped then.
   */
  async add<T>(
    name: string,
    start: () => Promise<T> | T,
    stop: (value: T) => Promise<void> | void,
  ): Promise<T> {
    if (this.#stopping !== undefined) throw stopping(name);
    const value = await start();
    if (this.#stopping !== undefined) {
      await stop(value);
      throw stopping(name);
    }
    this.#started.push({ name, stop: async () => stop(value) });
    return value;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Like `add`, for what knows itself how to stop. */
  run<T extends Running>(name: string, start: () => Promise<T> | T): Promise<T> {
    return this.add(name, start, (running) => running.stop());
  }

  /**
   * Stops everything, latest first; later calls get the same promise. A part that fails to stop is logged and the rest goes on.
   * @throws PlatformError STOP_TIMED_OUT when the deadline passes.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    let inHand = "";
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `${inHand} did not stop within ${this.#deadlineMs / 1000} s`;
        reject(new PlatformError("STOP_TIMED_OUT", message, { retryable: false }));
      }, this.#deadlineMs);
    });
    const inReverse = async (): Promise<void> => {
      for (const { name, stop } of this.#started.toReversed()) {
        inHand = name;
        try {
          await stop();
        } catch (error) {
          this.#log.error({ part: name, err: error }, "part failed to stop");
        }
      }
    };
    try {
      await Promise.race([inReverse(), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function stopping(name: string): PlatformError {
  return new PlatformError("STOPPING", `${name} is not started: everything stops`, { retryable: false });
}

/** Resolves with the first of SIGTERM and SIGINT; a second one ends the process at once, as an impatient operator means it. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen) process.kill(process.pid, "SIGKILL");
      seen = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

/**
 * Calls back on every SIGHUP, by which an operator says that files have changed. Without it the signal ends the process, as a
 * terminal that closes means it.
 */
export function onHangUp(listener: () => void): Running {
  process.on("SIGHUP", listener);
  return { stop: () => Promise.resolve(void process.off("SIGHUP", listener)) };
}

/**
 * Resolves when the parent of this process is gone. npm passes a signal on to the shell it runs a script in, and that shell
 * dies of it without telling us: without this, stopping `npm start` by its process id would leave the platform running.
 */
export function parentGone(pollMs = 200): Promise<"parent gone"> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve("parent gone");
    }, pollMs);
    timer.unref();
  });
}
