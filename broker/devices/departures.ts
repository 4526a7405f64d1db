import type { Client } from "aedes";
import type { PresenceReason } from "../../schema/presence.ts";

/** Why connections end, from whoever knows before they have. */
export class Departures {
  readonly #noted = new WeakMap<Client, PresenceReason>();

  /** The first reason that is noted counts. */
  note(client: Client, reason: PresenceReason): void {
    if (!this.#noted.has(client)) this.#noted.set(client, reason);
  }

  /** For a connection that has ended. */
  reasonOf(client: Client): PresenceReason {
    const noted = this.#noted.get(client);
    if (noted !== undefined) return noted;
    // Aedes remembers there that a DISCONNECT came, and tells nobody.
    return "_disconnected" in client && client._disconnected === true ? "disconnected" : "lost";
  }
}
