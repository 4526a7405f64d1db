import type { Access } from "../../schema/access.ts";
import type { Labels } from "../../schema/provisioning.ts";

/** A principal about to be added; `null` for a hash adds one without a password, which then needs a token or a certificate. */
export interface NewPrincipal {
  readonly userName: string;
  readonly hash: string | null;
  readonly labels: Labels;
  /** Of a service account; null of a device. */
  readonly rights: Patterns | null;
}

/** The topic filters of a service account. */
export interface Patterns {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** A principal as an operator may see it: all but what its passwords are. */
export interface PrincipalSummary {
  readonly userName: string;
  readonly isEnabled: boolean;
  readonly labels: Labels;
  readonly rights: Patterns | null;
  /** Microseconds since the epoch, like all of these. */
  readonly createdUs: number;
  /** Those that are valid, the newest first. */
  readonly passwords: readonly { readonly createdUs: number; readonly validUntilUs: number | null }[];
  readonly revokedCertificates: readonly string[];
}

export type Added =
  | { readonly kind: "added" }
  /** Nothing was added, since these exist already. */
  | { readonly kind: "taken"; readonly userNames: readonly string[] };

/**
 * Who may connect, and with what. What changes something records who did it in the same transaction, and answers false when there is
 * no such user name; whoever calls it tells the brokers afterwards.
 */
export interface AccessStore {
  /** What is known of these user names; those that nobody has are left out. */
  find(userNames: readonly string[]): Promise<readonly Access[]>;
  describe(userName: string): Promise<PrincipalSummary | null>;
  /** By user name, after the one given. */
  list(query: {
    kind: "device" | "service";
    after: string;
    limit: number;
  }): Promise<readonly PrincipalSummary[]>;
  /** All of them, or none. */
  add(principals: readonly NewPrincipal[], by: string): Promise<Added>;
  /** Gives a new password; the one before stays valid for the overlap, and any older one ends now. */
  rotate(userName: string, password: { hash: string; overlapSeconds: number }, by: string): Promise<boolean>;
  /** Takes every password away and disables, so that neither a token nor a certificate lets it in. */
  revoke(userName: string, by: string): Promise<boolean>;
  setEnabled(userName: string, isEnabled: boolean, by: string): Promise<boolean>;
  /** Replaces its labels. */
  setLabels(userName: string, labels: Labels, by: string): Promise<boolean>;
  /** Refuses a client certificate from now on, whether or not its device is provisioned. */
  revokeCertificate(deviceId: string, fingerprint: string, by: string): Promise<void>;
  remove(userName: string, by: string): Promise<boolean>;
}

/** What lets devices provision themselves. */
export interface ClaimToken {
  readonly name: string;
  readonly labels: Labels;
  readonly maxUses: number;
  /** Microseconds since the epoch. */
  readonly expiresUs: number;
}

export interface ClaimTokenSummary extends ClaimToken {
  readonly uses: number;
  readonly createdUs: number;
}

/** What became of a claim. */
export type Claimed =
  | { readonly kind: "claimed"; readonly name: string }
  | { readonly kind: "unknown" | "expired" | "used-up" | "device-exists" };

export interface ClaimStore {
  /** Keeps the digest of a new token; false when there is one of this name. */
  add(token: ClaimToken & { readonly digest: Buffer }, by: string): Promise<boolean>;
  /** By name. */
  list(): Promise<readonly ClaimTokenSummary[]>;
  remove(name: string, by: string): Promise<boolean>;
  /** Provisions a device with the labels of the token, and counts the use. */
  redeem(claim: { digest: Buffer; deviceId: string; hash: string }): Promise<Claimed>;
}

/** What the platform's own processes share and nobody else knows. */
export interface SecretStore {
  /** The secret of this name: 32 random bytes, made by the first who asks and kept. */
  get(name: string): Promise<Buffer>;
}
