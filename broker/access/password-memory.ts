import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Credential } from "../../schema/access.ts";

const remembered = 100_000;

/**
 * Remembers which password a hash was found to be of, as a digest under a key that lives and dies with this process. So a slow hash
 * is computed once a password, and not once a connection; and whoever guesses at a password that is known here costs nothing.
 */
export class PasswordMemory {
  readonly #key = randomBytes(32);
  /** By the hash, which has a salt of its own. */
  readonly #digests = new Map<string, Buffer>();

  /** Undefined when this hash has not been seen to be of any password yet. */
  recall({ hash }: Credential, password: Buffer): boolean | undefined {
    const known = this.#digests.get(hash);
    return known === undefined ? undefined : timingSafeEqual(known, this.#digestOf(password));
  }

  /** The hash is of this password: it was verified. */
  remember({ hash }: Credential, password: Buffer): void {
    this.#digests.delete(hash);
    this.#digests.set(hash, this.#digestOf(password));
    if (this.#digests.size <= remembered) return;
    const [oldest] = this.#digests.keys();
    if (oldest !== undefined) this.#digests.delete(oldest);
  }

  #digestOf(password: Buffer): Buffer {
    return createHmac("sha256", this.#key).update(password).digest();
  }
}
