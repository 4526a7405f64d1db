import { type Principal, type Rights, rightsOf, userNameOf } from "../../schema/access.ts";
import type { Proof } from "./proof.ts";

/** Somebody who was let in. */
export interface Resident {
  readonly principal: Principal;
  readonly rights: Rights;
  readonly proof: Proof;
  /** When this ends by itself, in milliseconds since the epoch; a rotation may set it. */
  endsAtMs: number;
}

/** Whoever can be sent away. */
interface Guest {
  close(): void;
}

/** Who is connected, by connection and by user name. */
export class Residents<Connection extends Guest> {
  readonly #residents = new WeakMap<Connection, Resident>();
  readonly #byName = new Map<string, Set<Connection>>();
  /** Those whose stay ends by itself. */
  readonly #passing = new Set<Connection>();

  add(connection: Connection, admitted: Omit<Resident, "rights">): void {
    const { principal } = admitted;
    this.#residents.set(connection, { ...admitted, rights: rightsOf(principal) });
    if (principal.kind === "anyone") return;
    const userName = userNameOf(principal);
    const namesakes = this.#byName.get(userName);
    if (namesakes === undefined) this.#byName.set(userName, new Set([connection]));
    else namesakes.add(connection);
    if (admitted.endsAtMs < Number.POSITIVE_INFINITY) this.#passing.add(connection);
  }

  remove(connection: Connection): void {
    this.#passing.delete(connection);
    const principal = this.#residents.get(connection)?.principal;
    if (principal === undefined || principal.kind === "anyone") return;
    const userName = userNameOf(principal);
    const namesakes = this.#byName.get(userName);
    namesakes?.delete(connection);
    if (namesakes?.size === 0) this.#byName.delete(userName);
  }

  of(connection: Connection): Resident | undefined {
    return this.#residents.get(connection);
  }

  has(userName: string): boolean {
    return this.#byName.has(userName);
  }

  named(userName: string): readonly Connection[] {
    return [...(this.#byName.get(userName) ?? [])];
  }

  /** Changes when somebody's stay ends by itself. */
  limit(connection: Connection, endsAtMs: number): void {
    const resident = this.#residents.get(connection);
    if (resident === undefined) return;
    resident.endsAtMs = endsAtMs;
    if (endsAtMs < Number.POSITIVE_INFINITY) this.#passing.add(connection);
    else this.#passing.delete(connection);
  }

  /** Those whose stay has ended. */
  overdue(nowMs: number): readonly Connection[] {
    return [...this.#passing].filter((connection) => (this.of(connection)?.endsAtMs ?? 0) <= nowMs);
  }
}
