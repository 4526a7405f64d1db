import { pingEveryMs } from "../../../schema/event.ts";
import { formatSpan } from "./format.ts";

export type ConnectionState =
  | { readonly kind: "live" }
  /** Nothing says yet that the connection is gone, but the server should have been heard. */
  | { readonly kind: "silent"; readonly lostMs: number }
  | { readonly kind: "reconnecting"; readonly lostMs: number; readonly isFirst: boolean }
  | { readonly kind: "offline"; readonly lostMs: number };

/** What is known of a connection. */
export interface ConnectionFacts {
  readonly isConnected: boolean;
  readonly wasLive: boolean;
  /** When anything last came from the server; before the first, since when it is tried. */
  readonly heardMs: number;
  /** Whether the browser believes that it has a network. */
  readonly isOnline: boolean;
}

/** A server that is busy, and a network that is slow, may be as late as this with a sign of life. */
const graceMs = 2000;
/** After this long without a server nobody should believe that it is about to come back by itself. */
const offlineAfterMs = 60_000;

/** A connection is live for as long as the server is heard on it, whatever the browser thinks of it: one that is frozen closes nothing. */
export function connectionStateOf(
  { isConnected, wasLive, heardMs, isOnline }: ConnectionFacts,
  nowMs: number,
): ConnectionState {
  const lostMs = Math.max(0, nowMs - heardMs);
  if (isConnected) return lostMs > pingEveryMs + graceMs ? { kind: "silent", lostMs } : { kind: "live" };
  if (!isOnline || lostMs > offlineAfterMs) return { kind: "offline", lostMs };
  return { kind: "reconnecting", lostMs, isFirst: !wasLive };
}

/** The badge's words. */
export function describeConnection(state: ConnectionState): string {
  switch (state.kind) {
    case "live":
      return "live";
    case "silent":
      return `no answer, ${formatSpan(state.lostMs)}`;
    case "offline":
      return "offline";
    case "reconnecting":
      return state.isFirst ? "connecting" : `reconnecting, ${formatSpan(state.lostMs)}`;
  }
}

/** What the operator must know before he believes what is shown; undefined where there is nothing of the kind. */
export function describeLoss(state: ConnectionState): string | undefined {
  switch (state.kind) {
    case "live":
      return undefined;
    case "silent":
      return `The server has said nothing for ${formatSpan(state.lostMs)}. Values and charts below are stale. Waiting for it.`;
    case "offline":
      return `Connection lost ${formatSpan(state.lostMs)} ago. Values and charts below are stale. Still trying.`;
    case "reconnecting":
      return state.isFirst
        ? undefined
        : `Connection lost ${formatSpan(state.lostMs)} ago. Values and charts below are stale. Reconnecting.`;
  }
}
