import type { Client } from "aedes";

// What Aedes knows of a client and does not tell. Read with care: if it is not there, the answer is no.

/** Whether the client has sent DISCONNECT. */
export function hasSaidGoodbye(client: Client): boolean {
  return "_disconnected" in client && client._disconnected === true;
}

/** Takes a client that is not read from for alive: it has sent something, which we leave where it is. */
export function keepAlive(client: Client): void {
  if (!("_keepaliveTimer" in client)) return;
  const { _keepaliveTimer: timer } = client;
  if (timer instanceof Object && "refresh" in timer && typeof timer.refresh === "function") timer.refresh();
}
