import type { DeviceSummary } from "../../../schema/api.ts";
import { formatMoment } from "./format.ts";

const words: Readonly<Record<string, string>> = {
  connected: "connected",
  replaced: "connected anew, in the place of an older connection",
  disconnected: "said goodbye",
  lost: "connection lost",
  keep_alive: "fell silent for longer than it had promised",
  revoked: "its credentials were revoked",
  broker_stopped: "the broker stopped",
  broker_died: "the broker died",
};

/** Since when, and why, for whoever points at it. */
export function describePresence({ sinceUs, reason }: NonNullable<DeviceSummary["connection"]>): string {
  return `${words[reason] ?? reason}, since ${formatMoment(sinceUs / 1000)}`;
}

const silences = {
  stale: "silent for twice its usual gap",
  offline: "silent for far longer than is usual for it",
} as const;

/** Why a device is in its state, as far as that is not said by the state itself. */
export function describeState({ state, connection }: Pick<DeviceSummary, "state" | "connection">): string {
  switch (state) {
    case "never-seen":
      return "made known, and never heard of";
    case "online":
      return connection === null ? "" : connection.isOnline ? "connected" : "not connected";
    case "stale":
    case "offline":
      if (connection === null) return silences[state];
      return connection.isOnline ? `connected, but ${silences[state]}` : describePresence(connection);
  }
}
