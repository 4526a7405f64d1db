import type { AccessStore } from "../../platform/access/access-ports.ts";
import { messageOf, PlatformError } from "../../platform/errors.ts";
import type { Log } from "../../platform/telemetry.ts";
import { type Access, userNameOf } from "../../schema/access.ts";

export interface AccessBookOptions {
  readonly store: Pick<AccessStore, "find">;
  readonly log: Log;
  readonly nowMs: () => number;
  /** Whether somebody of this name is connected, so that what is known of it must stay right. */
  readonly isConnected: (userName: string) => boolean;
}

interface Page {
  readonly access: Access | null;
  readonly readMs: number;
  usedMs: number;
}

interface Waiting {
  readonly resolve: (access: Access | null) => void;
  readonly reject: (error: unknown) => void;
}

/** What was read is read again after so long: for changes that no event told of. */
const staleMs = 60_000;
/** That a name is unknown is believed for a moment only: it may be provisioned in the next. */
const unknownMs = 1000;
const idleMs = 3_600_000;
const pagesKept = 100_000;
const namesAQuestion = 1000;
const namesARefresh = 5000;
const answerMs = 5000;

/**
 * What the broker knows of who may connect: read from the store once, many names in one question, and again when it was changed or
 * got old. While the database is away what is known stays in force, for nothing can be changed meanwhile.
 */
export class AccessBook {
  readonly #options: AccessBookOptions;
  /** In the order in which they were read. */
  readonly #pages = new Map<string, Page>();
  readonly #asked = new Map<string, Waiting[]>();
  /** Names that were changed while a question that began before was under way: its answer may be the old one. */
  readonly #overtaken = new Set<string>();
  #isReading = false;

  constructor(options: AccessBookOptions) {
    this.#options = options;
  }

  /**
   * What is known of a user name, or null when nobody has it; not older than `mostMs`, if given.
   * @throws PlatformError STORE_DOWN when it must be read and cannot.
   */
  async find(userName: string, mostMs = Number.POSITIVE_INFINITY): Promise<Access | null> {
    const nowMs = this.#options.nowMs();
    const page = this.#pages.get(userName);
    const mostAgeMs = page?.access === null ? Math.min(mostMs, unknownMs) : mostMs;
    if (page === undefined || nowMs - page.readMs > mostAgeMs) return this.#ask(userName);
    page.usedMs = nowMs;
    return page.access;
  }

  /** Forgets what is known of a name, for it was changed. */
  forget(userName: string): void {
    this.#pages.delete(userName);
    if (this.#isReading) this.#overtaken.add(userName);
  }

  /** Reads again what got old, a bounded number of names, and names those that were read. */
  async refresh(): Promise<readonly string[]> {
    const nowMs = this.#options.nowMs();
    const old: string[] = [];
    for (const [userName, { access, readMs, usedMs }] of this.#pages) {
      if (nowMs - readMs < staleMs || old.length === namesARefresh) break;
      const isIdle = access === null || nowMs - usedMs > idleMs;
      if (isIdle && !this.#options.isConnected(userName)) this.#pages.delete(userName);
      else old.push(userName);
    }
    try {
      await Promise.all(old.map((userName) => this.#ask(userName)));
      return old;
    } catch (error) {
      this.#options.log.debug({ reason: messageOf(error) }, "access not read again; what is known stays");
      return [];
    }
  }

  #ask(userName: string): Promise<Access | null> {
    return new Promise((resolve, reject) => {
      const waiting = this.#asked.get(userName);
      if (waiting === undefined) this.#asked.set(userName, [{ resolve, reject }]);
      else waiting.push({ resolve, reject });
      if (!this.#isReading) void this.#readAll();
    });
  }

  /** One question at a time; what is asked meanwhile gathers for the next. */
  async #readAll(): Promise<void> {
    this.#isReading = true;
    // Whoever asks in the same turn of the loop is in the same question.
    await Promise.resolve();
    while (this.#asked.size > 0) {
      const names = [...this.#asked.keys()].slice(0, namesAQuestion);
      const asked = new Map(names.map((name) => [name, this.#asked.get(name) ?? []]));
      for (const name of names) this.#asked.delete(name);
      this.#overtaken.clear();
      try {
        const found = await withinTime(this.#options.store.find(names));
        this.#take(asked, new Map(found.map((access) => [userNameOf(access.principal), access])));
      } catch (error) {
        for (const waiting of asked.values()) for (const { reject } of waiting) reject(error);
      }
    }
    this.#isReading = false;
  }

  #take(asked: ReadonlyMap<string, readonly Waiting[]>, found: ReadonlyMap<string, Access>): void {
    const readMs = this.#options.nowMs();
    for (const [userName, waiting] of asked) {
      if (this.#overtaken.has(userName)) {
        this.#asked.set(userName, [...(this.#asked.get(userName) ?? []), ...waiting]);
        continue;
      }
      const before = this.#pages.get(userName);
      const access = kept(before?.access, found.get(userName) ?? null);
      const usedMs = before?.usedMs ?? readMs;
      this.#pages.delete(userName);
      this.#pages.set(userName, { access, readMs, usedMs });
      for (const { resolve } of waiting) resolve(access);
    }
    for (const [oldest] of this.#pages) {
      if (this.#pages.size <= pagesKept) break;
      this.#pages.delete(oldest);
    }
  }
}

/** What was known already if the store says the same, so that whoever holds it sees that nothing changed. */
function kept(before: Access | null | undefined, now: Access | null): Access | null {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

/** A database that hangs is one that is away. */
async function withinTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the database has not said within ${answerMs / 1000} s who may connect`;
      reject(new PlatformError("STORE_DOWN", message, { retryable: true }));
    }, answerMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
