import { existsSync, readFileSync } from "node:fs";

/** The variables that .env.example explains, set or commented out. */
export function knownVariables(): ReadonlySet<string> {
  if (!existsSync(".env.example"))
    throw new Error(".env.example is missing: it names every variable there is");
  const lines = readFileSync(".env.example", "utf8").split("\n");
  return new Set(lines.flatMap((line) => /^(?:#\s*)?([A-Z][A-Z0-9_]*)=/.exec(line)?.[1] ?? []));
}

const secretName = /PASSWORD|SECRET|TOKEN|_KEY$/;
const urlWithPassword = /:\/\/[^\s/:@]*:(?!\$\{)[^\s@$]+@/;

/** Whether a variable would put a secret into the file that sets it, rather than name where the secret comes from. */
export function holdsSecret(name: string, value: string): boolean {
  return (
    urlWithPassword.test(value) || (secretName.test(name) && !/^\$\{[A-Z_]+:(?:\?[^}]*|-)\}$/.test(value))
  );
}
