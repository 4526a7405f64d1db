import { parseTopic } from "../schema/topics.ts";

/** What of a CONNECT packet these rules look at. */
export interface ConnectRequest {
  readonly will: { readonly topic: string } | undefined;
}

/** Why a connection is refused before it begins although its CONNECT is sound, or undefined. Aedes itself would let it in. */
export function refusalOfConnect({ will }: ConnectRequest): string | undefined {
  if (will !== undefined && parseTopic(will.topic).kind === "reserved")
    return `only the platform publishes on ${will.topic}`;
  return undefined;
}
