import { formatTimestamp } from "./timestamp.ts";

/** What a device's connection came to be, or came to an end, by. */
export const presenceReasons = [
  "connected",
  /** In the place of a connection with the same client id, which ended. */
  "replaced",
  /** The device said goodbye. */
  "disconnected",
  /** The connection broke, or the device broke a rule; its will was sent. */
  "lost",
  /** Nothing came for one and a half times what the device had promised. */
  "keep_alive",
  /** What it connected with is not valid any more. */
  "revoked",
  "broker_stopped",
  "broker_died",
] as const;
export type PresenceReason = (typeof presenceReasons)[number];

/** Whether a device that speaks MQTT is connected. */
export interface Presence {
  readonly deviceId: string;
  readonly isOnline: boolean;
  /** Microseconds since the epoch. */
  readonly sinceUs: number;
  readonly reason: PresenceReason;
}

/** The retained message on `devices/{id}/status`, in the words of the wire. */
export function toStatus({ isOnline, sinceUs, reason }: Presence): string {
  const status = isOnline ? "online" : "offline";
  return JSON.stringify({ status, since: formatTimestamp(sinceUs), reason });
}

/**
 * Since when a message on `devices/{id}/status` says that the device is away, in milliseconds since the epoch; undefined when it says
 * something else. Never throws, whatever the bytes.
 */
export function offlineSinceMs(payload: Uint8Array): number | undefined {
  if (!saysOffline(payload)) return undefined;
  const { since }: { since?: unknown } = JSON.parse(Buffer.from(payload).toString());
  const sinceMs = typeof since === "string" ? Date.parse(since) : Number.NaN;
  return Number.isNaN(sinceMs) ? undefined : sinceMs;
}

/** Whether a message on `devices/{id}/status` says that the device is away. Never throws, whatever the bytes. */
export function saysOffline(payload: Uint8Array): boolean {
  try {
    const said: unknown = JSON.parse(Buffer.from(payload).toString());
    return typeof said === "object" && said !== null && "status" in said && said.status === "offline";
  } catch {
    // Not ours.
    return false;
  }
}
