import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** Where a password comes from, which decides how dear it must be to try one. */
export type PasswordOrigin =
  /** By a person: few are so random that nobody could go through the likely ones. */
  | "chosen"
  /** By `generatePassword`: there is nothing to guess, so a slow hash protects nothing. */
  | "generated";

/** `ln` is the binary logarithm of scrypt's N: it takes 128 · r · 2^ln bytes, and p times the time. */
interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

// Chosen: one of OWASP's equally strong minimums for scrypt, 16 MB and about 0.2 s of a processor. Generated: 256 kB and 0.7 ms, so
// that ten thousand devices come back in seconds; docs/decisions/011-access.md.
const costs: Readonly<Record<PasswordOrigin, Cost>> = {
  chosen: { ln: 14, r: 8, p: 5 },
  generated: { ln: 8, r: 8, p: 1 },
};

const saltBytes = 16;
const keyBytes = 32;
/** Nothing that this file did not write itself is computed beyond this. */
const mostMemoryBytes = 64 * 1024 * 1024;
const passwordBytes = 18;

const storedForm = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]+)\$([\w-]+)$/;

/** A new password of 144 random bits: 24 letters, digits, `-` and `_`, not beginning like an option of a command. */
export function generatePassword(): string {
  const password = randomBytes(passwordBytes).toString("base64url");
  return password.startsWith("-") ? generatePassword() : password;
}

/** What is kept of a password: `$scrypt$ln=…,r=…,p=…$salt$hash`, so that its cost can be changed without losing older ones. */
export async function hashPassword(password: string, origin: PasswordOrigin): Promise<string> {
  const { ln, r, p } = costs[origin];
  const salt = randomBytes(saltBytes);
  const key = await derive(password, salt, { ln, r, p });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/**
 * Whether this is the password that was hashed. Takes as long as the hash says, on a thread of libuv's pool; compares in constant time.
 * False for a stored form that cannot be read.
 */
export async function verifyPassword(password: string | Buffer, stored: string): Promise<boolean> {
  const [, ln, r, p, salt = "", hash = ""] = storedForm.exec(stored) ?? [];
  if (ln === undefined) return false;
  const expected = Buffer.from(hash, "base64url");
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const key = await derive(password, Buffer.from(salt, "base64url"), cost);
  return expected.length === key.length && timingSafeEqual(expected, key);
}

function derive(password: string | Buffer, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: mostMemoryBytes };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
