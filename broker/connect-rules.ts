import { parseTopic } from "../schema/topics.ts";

/** What of a CONNECT packet these rules look at. */
export interface ConnectRequest {
  readonly clientId: string;
  readonly clean: boolean;
  readonly will: { readonly topic: string } | undefined;
}

/** Why a connection is refused before it begins, or undefined. Aedes itself would let all of these in. */
export function refusalOfConnect(request: ConnectRequest): string | undefined {
  // MQTT-3.1.3-8: a session that is to be kept needs a name.
  if (request.clientId === "" && !request.clean) return "a client id is needed to keep a session";
  if (request.will === undefined) return undefined;
  const { topic } = request.will;
  if (topic === "" || ["#", "+", "\0"].some((character) => topic.includes(character)))
    return "a will needs a topic without wildcards";
  if (parseTopic(topic).kind === "reserved") return `only the platform publishes on ${topic}`;
  return undefined;
}
