import { verifyPassword } from "../../platform/access/password.ts";
import { looksLikeToken, type TokenVerifier } from "../../platform/access/tokens.ts";
import type { Metrics } from "../../platform/telemetry.ts";
import {
  type Access,
  type Credential,
  ownAccounts,
  type Principal,
  serviceUserName,
} from "../../schema/access.ts";
import type { AccessBook } from "./access-book.ts";
import { PasswordMemory } from "./password-memory.ts";
import { endOf, type Proof } from "./proof.ts";
import type { Turnstile } from "./turnstile.ts";

/** What somebody shows who wants to come in. */
export interface Credentials {
  readonly userName: string | undefined;
  readonly password: Buffer | undefined;
  /** Of a certificate that is vouched for; the common name is the user name then. */
  readonly certificate: { readonly name: string; readonly fingerprint: string } | undefined;
  readonly address: string;
  /** False once nobody waits for the answer any more. */
  readonly isWanted: () => boolean;
}

/** Return codes of MQTT 3.1.1, section 3.2.2.3. */
export const returnCodes = { identifier: 2, unavailable: 3, password: 4, forbidden: 5 } as const;

export type Verdict =
  | {
      readonly kind: "admitted";
      readonly principal: Principal;
      readonly proof: Proof;
      /** When this ends by itself, in milliseconds since the epoch. */
      readonly endsAtMs: number;
    }
  | { readonly kind: "refused"; readonly outcome: "password" | "forbidden"; readonly reason: string };

export interface AuthenticationOptions {
  readonly book: AccessBook;
  readonly tokens: TokenVerifier;
  readonly turnstile: Turnstile;
  readonly metrics: Pick<Metrics, "passwordHashes">;
  readonly nowMs: () => number;
}

/** A refusal is looked at again with what the store says now, unless what it rests on is younger than this. */
const youngMs = 1000;
/** The user name of who is named by its token alone. */
const tokenUserName = "jwt";

/**
 * Finds out who somebody is. Whoever is known comes in without waiting; what must be computed for is done a few at a time.
 * @throws PlatformError STORE_DOWN when the database is needed and away; TurnstileFull.
 */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #memory = new PasswordMemory();

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  judge(shown: Credentials): Promise<Verdict> {
    if (shown.certificate !== undefined) return this.#judgeCertificate(shown, shown.certificate);
    const { userName, password } = shown;
    if (userName === undefined || password === undefined)
      return Promise.resolve(refusal("forbidden", "a user name and a password are needed"));
    const text = password.toString("latin1");
    return looksLikeToken(text)
      ? this.#judgeToken(shown, userName, text)
      : this.#judgePassword(shown, userName, password);
  }

  /** The certificate says who it is; a user name may only say the same, and a password says nothing more. */
  async #judgeCertificate(
    { userName }: Credentials,
    { name, fingerprint }: { name: string; fingerprint: string },
  ): Promise<Verdict> {
    if (userName !== undefined && userName !== name)
      return refusal("forbidden", "the user name is not that of the certificate");
    const proof = { kind: "certificate", fingerprint } as const;
    return this.#twice(name, async (access) => {
      if (access.revokedCertificates.includes(fingerprint))
        return refusal("forbidden", "the certificate is revoked");
      return admission(access, proof);
    });
  }

  async #judgeToken(shown: Credentials, userName: string, token: string): Promise<Verdict> {
    const said = await this.#options.turnstile.pass(shown.address, () => this.#options.tokens.verify(token));
    if (said.kind === "refused") return refusal("password", `the token is refused: ${said.reason}`);
    const named = said.kind === "own" ? said.userName : said.deviceId;
    if (userName !== named && userName !== tokenUserName)
      return refusal("password", "the user name is not that of the token");
    if (said.kind === "own") {
      const principal = ownAccounts.find((account) => serviceUserName(account.name) === named);
      return principal === undefined
        ? refusal("forbidden", "the platform has no such process")
        : { kind: "admitted", principal, proof: { kind: "own" }, endsAtMs: Number.POSITIVE_INFINITY };
    }
    const proof = { kind: "token", endsAtMs: said.endsAtMs } as const;
    return this.#twice(named, async (access) => admission(access, proof));
  }

  #judgePassword(shown: Credentials, userName: string, password: Buffer): Promise<Verdict> {
    return this.#twice(userName, async (access) => {
      const credential = await this.#matching(access.credentials, password, shown);
      if (credential === undefined) return refusal("password", "the password is wrong");
      return admission(access, { kind: "password", credentialId: credential.id });
    });
  }

  /** Judges by what is known of a name, and once more by what the store says if that would be a refusal and may be out of date. */
  async #twice(userName: string, judge: (access: Access) => Promise<Verdict>): Promise<Verdict> {
    const { book } = this.#options;
    const known = await book.find(userName);
    const verdict = await this.#judgeAccess(known, judge);
    if (verdict.kind === "admitted") return verdict;
    const newer = await book.find(userName, youngMs);
    return newer === known ? verdict : this.#judgeAccess(newer, judge);
  }

  async #judgeAccess(access: Access | null, judge: (access: Access) => Promise<Verdict>): Promise<Verdict> {
    if (access === null) return refusal("password", "nobody has this user name");
    if (!access.isEnabled) return refusal("forbidden", "it is disabled");
    return judge(access);
  }

  /** The credential of this password, if there is one. What is remembered costs nothing; the rest is hashed in its turn. */
  async #matching(
    credentials: readonly Credential[],
    password: Buffer,
    { address, isWanted }: Credentials,
  ): Promise<Credential | undefined> {
    const valid = credentials.filter(
      ({ validUntilMs }) => validUntilMs === null || validUntilMs > this.#options.nowMs(),
    );
    const known = valid.find((credential) => this.#memory.recall(credential, password) === true);
    if (known !== undefined) return known;
    for (const credential of valid) {
      if (this.#memory.recall(credential, password) === false) continue;
      const isRight = await this.#options.turnstile.pass(address, async () => {
        if (!isWanted()) return false;
        this.#options.metrics.passwordHashes.inc();
        return verifyPassword(password, credential.hash);
      });
      if (!isRight) continue;
      this.#memory.remember(credential, password);
      return credential;
    }
    return undefined;
  }
}

function refusal(outcome: "password" | "forbidden", reason: string): Verdict {
  return { kind: "refused", outcome, reason };
}

function admission(access: Access, proof: Proof): Verdict {
  return { kind: "admitted", principal: access.principal, proof, endsAtMs: endOf(access, proof) };
}
