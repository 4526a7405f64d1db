/** What a client did that MQTT forbids, as `iot_mqtt_violations_total` counts it. */
export type Rule =
  | "connect-first"
  | "connect-once"
  | "connect-timeout"
  | "protocol-name"
  | "protocol-level"
  | "connect-flags"
  | "client-id"
  | "packet-type"
  | "header-flags"
  | "remaining-length"
  | "packet-size"
  | "packet-length"
  | "packet-id"
  | "packet-timeout"
  | "publish-flags"
  | "text-encoding"
  | "text-characters"
  | "topic-name"
  | "topic-filter"
  | "filters-missing"
  | "filters-many"
  | "requested-qos"
  | "after-disconnect"
  | "websocket-frame";

/** A breach of MQTT: which rule, where the specification has it, and in a sentence what was wrong. */
export interface Violation {
  readonly rule: Rule;
  /** Statement or section of OASIS MQTT 3.1.1; 3.1 is held to the same. */
  readonly clause: string;
  readonly reason: string;
  /** The return code of the CONNACK to answer with; without one the connection closes in silence, as the specification wants it. */
  readonly returnCode?: 1 | 2;
}

/** The violation of a rule. Most are made once, since whoever attacks makes many. */
export function violation(rule: Rule, clause: string, reason: string): Violation {
  return { rule, clause, reason };
}
