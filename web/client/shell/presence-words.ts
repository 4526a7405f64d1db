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
