import type { Role } from "../../schema/access.ts";
import type { ApiToken, Operator } from "../../schema/operator.ts";
import type { Running } from "../ports.ts";

/** People, and what they log in with. What changes one of them is recorded, and ends the sessions that it should end. */
export interface OperatorStore {
  /** By name. */
  list(): Promise<readonly Operator[]>;
  find(name: string): Promise<(Operator & { readonly passwordHash: string }) | null>;
  /** False when the name is taken. */
  add(operator: NewOperator, by: string): Promise<boolean>;
  /** Ends the sessions of the operator. The last admin who can log in stays one. */
  change(
    name: string,
    change: { readonly role?: Role | undefined; readonly isDisabled?: boolean | undefined },
    by: string,
  ): Promise<OperatorChange>;
  /** Ends the sessions of the operator; false when there is none of that name. */
  setPassword(name: string, passwordHash: string, by: string): Promise<boolean>;
  remove(name: string, by: string): Promise<OperatorChange>;
  /**
   * Offers to make the first admin with the token of this hash, and no longer with another one. While a process that lives holds
   * an offer nobody else makes one, and nobody does where there are operators: null then, after three seconds at most.
   */
  offerFirstAdmin(hash: string): Promise<Running | null>;
  /** Makes the first admin, once; false when this is not the token, or when there is an operator already. */
  takeFirstAdmin(hash: string, admin: Omit<NewOperator, "role">): Promise<boolean>;
}

export interface NewOperator {
  readonly name: string;
  readonly passwordHash: string;
  readonly role: Role;
}

export type OperatorChange = "done" | "unknown" | "last-admin";

/** What speaks for somebody, by its hash: a cookie for a person, a token for a program. */
export interface SessionStore {
  /** Begins a session of whoever showed this password; false when it was changed meanwhile, or its operator disabled. */
  begin(hash: string, operator: { readonly name: string; readonly passwordHash: string }): Promise<boolean>;
  /** Whose session this is, if it has not ended; a question counts as use. */
  find(hash: string): Promise<{ readonly name: string; readonly role: Role } | null>;
  /** Those of these hashes that have not ended. Does not count as use. */
  living(hashes: readonly string[]): Promise<ReadonlySet<string>>;
  end(hash: string): Promise<void>;
  /** Removes what has ended by itself; answers how many. */
  forgetEnded(): Promise<number>;
}

/** Tokens of programs. */
export interface TokenStore {
  /** By name, those that have expired too. */
  list(): Promise<readonly ApiToken[]>;
  /** Null when the name is taken. */
  add(token: NewToken, by: string): Promise<ApiToken | null>;
  /** What the token of this hash may do, if it has not expired; a question counts as use. */
  find(hash: string): Promise<Pick<ApiToken, "name" | "role" | "isReadOnly" | "paths"> | null>;
  living(hashes: readonly string[]): Promise<ReadonlySet<string>>;
  /** False when there is none of that id. */
  revoke(id: string, by: string): Promise<boolean>;
}

export interface NewToken extends Pick<ApiToken, "name" | "role" | "isReadOnly" | "paths"> {
  readonly hash: string;
  readonly days: number;
}
