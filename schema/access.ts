import { isDeviceId } from "./reading.ts";
import { isServersOwn } from "./topics.ts";

/** Who speaks, once it is known: what the topic rights of an MQTT connection follow from. */
export type Principal =
  /** Nobody was asked: the platform is bound to loopback without access control. */
  { readonly kind: "anyone" } | DevicePrincipal | ServiceAccount;

export interface DevicePrincipal {
  readonly kind: "device";
  readonly deviceId: string;
}

/** A program that is no device: what it may publish and subscribe to, as topic filters. */
export interface ServiceAccount {
  readonly kind: "service";
  readonly name: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** What stands before the name of a service account in its user name. No device id has a slash, so no device can be taken for one. */
export const servicePrefix = "service/";

/** The user name that a service account authenticates with. */
export function serviceUserName(name: string): string {
  return `${servicePrefix}${name}`;
}

/** The user name that is the device's id or the service account's; no two principals have the same. */
export function userNameOf(principal: DevicePrincipal | ServiceAccount): string {
  return principal.kind === "device" ? principal.deviceId : serviceUserName(principal.name);
}

/** Whether a device of this id may be provisioned: client ids that begin with `service/` belong to service accounts. */
export function isProvisionable(deviceId: string): boolean {
  return isDeviceId(deviceId) && `${deviceId}/` !== servicePrefix;
}

/**
 * Whether this principal may connect with this client id: its user name, or one that begins with it and a slash. So nobody throws
 * another one's connection out by taking its client id. An empty one is replaced by one that nobody has.
 */
export function mayUseClientId(principal: Principal, clientId: string): boolean {
  if (principal.kind === "anyone" || clientId === "") return true;
  const userName = userNameOf(principal);
  return clientId === userName || clientId.startsWith(`${userName}/`);
}

/** The platform's own processes, where they speak MQTT: what they may do stands here, not in a table. */
export const ownAccounts: readonly ServiceAccount[] = [
  { kind: "service", name: "gateway-http", publish: ["devices/+/telemetry"], subscribe: [] },
];

/** What is known of a user name: whether it may come in, with what, and what for. */
export interface Access {
  readonly principal: DevicePrincipal | ServiceAccount;
  readonly isEnabled: boolean;
  readonly credentials: readonly Credential[];
  /** SHA-256 of the client certificates that are refused, in upper-case hex with colons, as OpenSSL and Node write it. */
  readonly revokedCertificates: readonly string[];
}

/** A password, as it is kept. */
export interface Credential {
  readonly id: string;
  readonly hash: string;
  /** Milliseconds since the epoch; null: until it is revoked or rotated. */
  readonly validUntilMs: number | null;
}

/** Whether this topic may be published on. Whether the platform itself keeps it for its own voice is another question. */
export function mayPublish(principal: Principal, topic: string): boolean {
  // Written by nobody, whatever an account says.
  if (topic.startsWith("$")) return false;
  return publishPatterns(principal).some((pattern) => covers(pattern, topic));
}

/** Whether every topic that this filter can match may be read. */
export function maySubscribe(principal: Principal, filter: string): boolean {
  // Better refused than granted and never heard.
  if (isServersOwn(filter)) return false;
  return subscribePatterns(principal).some((pattern) => covers(pattern, filter));
}

/** Whether a message on this topic may be handed to this reader. */
export function mayHear(principal: Principal, topic: string): boolean {
  return subscribePatterns(principal).some((pattern) => covers(pattern, topic));
}

/** `mayPublish` and `mayHear` of one principal, prepared for the many topics of its messages: they make no objects. */
export interface Rights {
  readonly mayPublish: (topic: string) => boolean;
  readonly mayHear: (topic: string) => boolean;
}

/** Prepares the rights of a principal. */
export function rightsOf(principal: Principal): Rights {
  if (principal.kind === "device") {
    const own = `devices/${principal.deviceId}`;
    const below = `${own}/`;
    const isOwn = (topic: string): boolean => topic.startsWith(below) || topic === own;
    return { mayPublish: isOwn, mayHear: isOwn };
  }
  const published = expressionOf(publishPatterns(principal));
  const heard = expressionOf(subscribePatterns(principal));
  return {
    mayPublish: (topic) => !topic.startsWith("$") && published.test(topic),
    mayHear: (topic) => heard.test(topic),
  };
}

/** Matches the topics that one of these filters matches. */
function expressionOf(patterns: readonly string[]): RegExp {
  const choices = patterns.map((pattern) => {
    const levels = pattern.split("/").map((level) => {
      if (level === "+") return "[^/]*";
      return level === "#" ? "[^]*" : level.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    });
    // What ends in a level for everything below matches what it is below of, too.
    const isOpen = levels.length > 1 && pattern.endsWith("/#");
    const body = isOpen ? `${levels.slice(0, -1).join("/")}(?:/[^]*)?` : levels.join("/");
    return /^[+#]/.test(pattern) ? `(?!\\$)${body}` : body;
  });
  return new RegExp(choices.length === 0 ? "[]" : `^(?:${choices.join("|")})$`);
}

function publishPatterns(principal: Principal): readonly string[] {
  switch (principal.kind) {
    case "anyone":
      return ["#"];
    case "device":
      return [`devices/${principal.deviceId}/#`];
    case "service":
      return principal.publish;
  }
}

function subscribePatterns(principal: Principal): readonly string[] {
  switch (principal.kind) {
    case "anyone":
      return ["#", "$SYS/#"];
    case "device":
      return [`devices/${principal.deviceId}/#`];
    case "service":
      return principal.subscribe;
  }
}

/**
 * Whether each topic that `filter` matches is matched by `pattern` too; both are topic filters (MQTT 3.1.1 §4.7), and a topic is
 * a filter without wildcards.
 */
export function covers(pattern: string, filter: string): boolean {
  const wide = pattern.split("/");
  const narrow = filter.split("/");
  // MQTT-4.7.2-1: a leading wildcard does not match topics that begin with a dollar sign.
  if (filter.startsWith("$") && (wide[0] === "#" || wide[0] === "+")) return false;
  for (const [place, level] of wide.entries()) {
    if (level === "#") return true;
    const asked = narrow[place];
    if (asked === undefined) return false;
    if (asked === "#" || (level !== "+" && level !== asked)) return false;
  }
  return wide.length === narrow.length;
}

/** What an operator may do: each role may do what those before it may. */
export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

/** Whether a role reaches up to what is needed. */
export function reaches(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
