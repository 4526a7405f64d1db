import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "aedes";
import type { TokenVerifier } from "../../platform/access/tokens.ts";
import { messageOf, PlatformError } from "../../platform/errors.ts";
import type { EventStream, Running } from "../../platform/ports.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import { mayPublish, maySubscribe, mayUseClientId, type Principal, userNameOf } from "../../schema/access.ts";
import type { Caller } from "../doors.ts";
import { AccessBook, type AccessBookOptions } from "./access-book.ts";
import { Authentication, returnCodes, type Verdict } from "./authentication.ts";
import { certificateOf, type Guard, Refused } from "./guard.ts";
import { endOf, mayStay } from "./proof.ts";
import { Reluctance } from "./reluctance.ts";
import { type Resident, Residents } from "./residents.ts";
import { Turnstile, TurnstileFull } from "./turnstile.ts";

export interface AccessGuardDeps {
  readonly store: AccessBookOptions["store"];
  readonly tokens: TokenVerifier;
  readonly events: EventStream;
  /** Hears of those whose right to be there ended, just before their connection does. */
  readonly onRevoked: (client: Client) => void;
  readonly nowMs: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Hashes at a time: libuv has four threads, and the loop and the files need some as well. */
const hashesAtOnce = 2;
/**
 * CONNECTs answered in one turn of the loop. A thousand devices that come back at one moment would be let in in a single turn, and
 * those who are in would wait for all of it.
 */
const admittedATurn = 4;
/** Most connections that wait to be let in: more than this many devices at one moment come again. */
const waitingRoom = 20_000;
const lookIntervalMs = 1000;

/** What a CONNECT asked for. */
interface Asked {
  readonly clientId: string;
  readonly willTopic: string | undefined;
}

/** For ACCESS=credentials: whoever comes in has shown who they are, may do what they have a right to, and leaves when it ends. */
export class AccessGuard implements Guard {
  readonly #deps: AccessGuardDeps;
  readonly #book: AccessBook;
  readonly #authentication: Authentication;
  readonly #usher = new Turnstile({ atOnce: admittedATurn, room: waitingRoom });
  readonly #reluctance = new Reluctance();
  readonly #residents = new Residents<Client>();
  readonly #callers = new WeakMap<Duplex, Caller>();
  readonly #asked = new WeakMap<Client, Asked>();
  readonly #timer: NodeJS.Timeout;
  #hearing: Running | undefined;
  #isLooking = false;

  private constructor(deps: AccessGuardDeps) {
    const { store, log, nowMs, tokens, metrics } = deps;
    this.#deps = deps;
    const isConnected = (userName: string): boolean => this.#residents.has(userName);
    this.#book = new AccessBook({ store, log, nowMs, isConnected });
    const turnstile = new Turnstile({
      atOnce: hashesAtOnce,
      room: waitingRoom,
      onWaiting: (waiting) => metrics.passwordsWaiting.set(waiting),
    });
    this.#authentication = new Authentication({ book: this.#book, tokens, turnstile, metrics, nowMs });
    this.#timer = setInterval(() => void this.#look(), lookIntervalMs);
    this.#timer.unref();
  }

  /** Hears of changes from now on. */
  static async open(deps: AccessGuardDeps): Promise<AccessGuard> {
    const guard = new AccessGuard(deps);
    guard.#hearing = await deps.events.subscribe({
      onEvent: ({ event }) => {
        if (event.kind === "access-changed") void guard.#onChange(event.principal);
      },
    });
    return guard;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#hearing?.stop();
  }

  meet(caller: Caller): void {
    this.#callers.set(caller.stream, caller);
  }

  note(client: Client, { clientId, will }: Parameters<Guard["note"]>[1]): void {
    this.#asked.set(client, { clientId, willTopic: will?.topic });
  }

  async admit(client: Client, userName: string | undefined, password: Buffer | undefined): Promise<void> {
    const { log, metrics, nowMs } = this.#deps;
    const address = this.#addressOf(client);
    try {
      await this.#usher.pass(address, turnOfLoop);
      const verdict = await this.#judge(client, { userName, password, address });
      // Whoever is gone is not let in, or it would never leave.
      if (client.closed) return;
      if (verdict.kind === "refused") throw new Refused(returnCodes[verdict.outcome], verdict.reason);
      this.#demand(client, verdict.principal);
      this.#residents.add(client, verdict);
      // Aedes tells only of those it had registered, which comes after this.
      client.conn.once("close", () => this.#residents.remove(client));
      await this.#confirm(client, verdict);
      metrics.authentications.inc({ outcome: verdict.proof.kind });
    } catch (cause) {
      const refused = toRefused(cause);
      this.#residents.remove(client);
      if (client.closed) return;
      metrics.authentications.inc({ outcome: outcomeOf(refused) });
      log.info({ client: client.id, address, reason: refused.message }, "connection refused");
      if (refused.returnCode === returnCodes.password)
        await pause(this.#reluctance.delayMs(address, nowMs()), undefined, { ref: false });
      throw refused;
    }
  }

  principalOf(client: Client): Principal {
    return this.#residents.of(client)?.principal ?? nobody;
  }

  isOwn(client: Client): Promise<boolean> {
    return Promise.resolve(this.#residents.of(client)?.proof.kind === "own");
  }

  mayPublish(client: Client, topic: string): boolean {
    const isAllowed = this.#residents.of(client)?.rights.mayPublish(topic) === true;
    if (!isAllowed) this.#deps.metrics.topicsRefused.inc({ action: "publish" });
    return isAllowed;
  }

  maySubscribe(client: Client, filter: string): boolean {
    const isAllowed = maySubscribe(this.principalOf(client), filter);
    if (isAllowed) return true;
    this.#deps.metrics.topicsRefused.inc({ action: "subscribe" });
    this.#deps.log.info({ client: client.id, filter }, "subscription forbidden");
    return false;
  }

  mayHear(client: Client, topic: string): boolean {
    return this.#residents.of(client)?.rights.mayHear(topic) === true;
  }

  #judge(
    client: Client,
    shown: { userName: string | undefined; password: Buffer | undefined; address: string },
  ): Promise<Verdict> {
    const caller = this.#callers.get(client.conn);
    const certificate = caller === undefined ? undefined : certificateOf(caller);
    return this.#authentication.judge({ ...shown, certificate, isWanted: () => !client.closed });
  }

  /** It was judged by what was known then; a change since then found nobody of the name, and one from now on does. */
  async #confirm(client: Client, { principal, proof }: Pick<Resident, "principal" | "proof">): Promise<void> {
    if (proof.kind === "own" || principal.kind === "anyone") return;
    const access = await this.#book.find(userNameOf(principal));
    if (!mayStay(access, proof))
      throw new Refused(returnCodes.forbidden, "its access was changed while it came in");
    this.#residents.limit(client, endOf(access, proof));
  }

  /** What is asked of a CONNECT now that it is known whose it is. */
  #demand(client: Client, principal: Principal): void {
    const { clientId, willTopic } = this.#asked.get(client) ?? { clientId: client.id, willTopic: undefined };
    if (!mayUseClientId(principal, clientId))
      throw new Refused(
        returnCodes.identifier,
        "the client id must be the user name, or begin with it and a slash, so that nobody takes another one's place",
      );
    if (willTopic === undefined || mayPublish(principal, willTopic)) return;
    this.#deps.metrics.topicsRefused.inc({ action: "will" });
    throw new Refused(returnCodes.forbidden, `it has no right to a will on ${willTopic}`);
  }

  /** What is known of a name is no longer true: looks again, and closes what has no right to be there any more. */
  async #onChange(userName: string): Promise<void> {
    this.#book.forget(userName);
    if (!this.#residents.has(userName)) return;
    await this.#review(userName, true);
  }

  /** Once a second: whose time is over leaves; and what is known for long is read again, in case a change was not heard of. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (const client of this.#residents.overdue(this.#deps.nowMs())) this.#end(client, "expired");
    for (const userName of await this.#book.refresh())
      if (this.#residents.has(userName)) await this.#review(userName, false);
    this.#isLooking = false;
  }

  async #review(userName: string, wasChanged: boolean): Promise<void> {
    try {
      const access = await this.#book.find(userName);
      for (const client of this.#residents.named(userName)) {
        // It was among them a moment ago.
        const resident = this.#residents.of(client) as Resident;
        if (mayStay(access, resident.proof)) this.#residents.limit(client, endOf(access, resident.proof));
        else this.#end(client, "changed");
      }
    } catch (error) {
      this.#deps.log.warn({ reason: messageOf(error) }, "access was changed, and cannot be looked up");
      // It may have been revoked; if not, it comes back.
      if (wasChanged) for (const client of this.#residents.named(userName)) this.#end(client, "changed");
    }
  }

  #end(client: Client, cause: "changed" | "expired"): void {
    this.#deps.metrics.accessEnded.inc({ cause });
    this.#deps.log.info({ client: client.id, cause }, "access ended, connection closed");
    this.#deps.onRevoked(client);
    this.#residents.remove(client);
    client.close();
  }

  #addressOf(client: Client): string {
    return this.#callers.get(client.conn)?.socket.remoteAddress ?? "";
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whoever is not, or no longer, let in: it has a right to nothing. */
const nobody: Principal = { kind: "service", name: "", publish: [], subscribe: [] };

function toRefused(cause: unknown): Refused {
  if (cause instanceof Refused) return cause;
  if (cause instanceof TurnstileFull || cause instanceof PlatformError)
    return new Refused(returnCodes.unavailable, cause.message);
  throw cause;
}

function outcomeOf({ returnCode }: Refused): string {
  const known = Object.entries(returnCodes).find(([, code]) => code === returnCode);
  return `refused ${known?.[0] ?? ""}`;
}
