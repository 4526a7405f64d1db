/** Who speaks, once it is known: what the topic rights of an MQTT connection follow from. */
export type Principal =
  /** Nobody was asked: the platform is bound to loopback without access control. */
  { readonly kind: "anyone" } | { readonly kind: "device"; readonly deviceId: string } | ServiceAccount;

/** A program that is no device: what it may publish and subscribe to, as topic filters. */
export interface ServiceAccount {
  readonly kind: "service";
  readonly name: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Whether this topic may be published on. Whether the platform itself keeps it for its own voice is another question. */
export function mayPublish(principal: Principal, topic: string): boolean {
  // Written by nobody, whatever an account says.
  if (topic.startsWith("$")) return false;
  return publishPatterns(principal).some((pattern) => covers(pattern, topic));
}

/** Whether every topic that this filter can match may be read. */
export function maySubscribe(principal: Principal, filter: string): boolean {
  return subscribePatterns(principal).some((pattern) => covers(pattern, filter));
}

/** Whether a message on this topic may be handed to this reader. */
export function mayHear(principal: Principal, topic: string): boolean {
  return subscribePatterns(principal).some((pattern) => covers(pattern, topic));
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
