import { type Role, reaches } from "./access.ts";

/** A person who may use the console and the API. */
export interface Operator {
  readonly name: string;
  readonly role: Role;
  readonly isDisabled: boolean;
  /** Microseconds since the epoch, as the others. */
  readonly createdUs: number;
  readonly lastLoginUs: number | null;
}

/** What a program may ask, and until when: its role, less what the other fields take away. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Whether it may only read, whatever its role. */
  readonly isReadOnly: boolean;
  /** It may ask for these paths and what lies below them; null: for all. */
  readonly paths: readonly string[] | null;
  readonly createdBy: string;
  readonly createdUs: number;
  readonly expiresUs: number;
  readonly lastUsedUs: number | null;
}

/** Who asks over HTTP or Socket.IO, once it is known. */
export type Caller =
  /** Nobody is asked who they are: the platform is bound to loopback without access control. */
  | { readonly kind: "anyone" }
  /** Shows nothing, or what is not valid (any more). */
  | { readonly kind: "nobody" }
  | { readonly kind: "operator"; readonly name: string; readonly role: Role; readonly hash: string }
  | TokenCaller
  /** A chart on a page elsewhere. */
  | { readonly kind: "embed"; readonly deviceId: string; readonly hash: string };

interface TokenCaller extends Pick<ApiToken, "name" | "role" | "isReadOnly" | "paths"> {
  readonly kind: "token";
  readonly hash: string;
}

/** What is asked for. */
export interface Asked {
  readonly role: Role;
  /** Without the query. */
  readonly path: string;
  readonly isChange: boolean;
  /** The devices it is about, where a chart on a page elsewhere may ask at all. */
  readonly ofDevices?: readonly string[];
  /** Only a person may: what gives access must not be reached with what was given away. */
  readonly isForPeople: boolean;
}

/** Whether a caller may have what is asked for; "unknown" when it must say first who it is. */
export function judge(caller: Caller, asked: Asked): "allowed" | "forbidden" | "unknown" {
  switch (caller.kind) {
    case "anyone":
      return "allowed";
    case "nobody":
      return "unknown";
    case "embed":
      return isAboutOnly(caller.deviceId, asked) ? "allowed" : "forbidden";
    case "operator":
      return reaches(caller.role, asked.role) ? "allowed" : "forbidden";
    case "token":
      return isWithin(caller, asked) && reaches(caller.role, asked.role) ? "allowed" : "forbidden";
  }
}

function isAboutOnly(deviceId: string, { ofDevices = [], isChange }: Asked): boolean {
  return !isChange && ofDevices.length > 0 && ofDevices.every((asked) => asked === deviceId);
}

function isWithin({ isReadOnly, paths }: TokenCaller, { path, isChange, isForPeople }: Asked): boolean {
  if (isForPeople || (isReadOnly && isChange)) return false;
  return paths === null || paths.some((root) => path === root || path.startsWith(`${root}/`));
}

/** As the record of changes names a caller. */
export function nameOf(caller: Caller | { readonly kind: "operator"; readonly name: string }): string {
  return caller.kind === "operator" || caller.kind === "token" ? `${caller.kind}:${caller.name}` : "anyone";
}

/** Names of operators and tokens: small letters, so that no two look alike but for their case. */
export const accessNamePattern = "^[a-z0-9][a-z0-9._@-]{0,63}$";

export const passwordLimits = { shortest: 12, longest: 256 } as const;

/** What is wrong with a new password, in words for whoever chose it. Length is what counts; the rest is against jokes. */
export function passwordFault(password: string, name: string): string | undefined {
  const { shortest, longest } = passwordLimits;
  const { length } = spelled(password);
  if (length < shortest || length > longest) return `a password has ${shortest} to ${longest} characters`;
  if (new Set(password).size < 5) return "a password needs at least five different characters";
  if (password.toLowerCase().includes(name.toLowerCase()) && name.length > 3)
    return "a password must not hold the name of its operator";
  return undefined;
}

/** One spelling for what looks the same: keyboards differ in how they send an accent. */
export function spelled(password: string): string {
  return password.normalize("NFKC");
}
