import { Readable } from "node:stream";
import type { Aedes, Client } from "aedes";

/** What waits for a client that comes back: messages, and the PUBREL of those it has half confirmed. */
interface Queued {
  readonly cmd: string;
  /** Given when it was first sent. */
  readonly messageId?: number;
  dup?: boolean;
}

/** Of what Aedes keeps sessions in, whatever that is. */
interface Sessions {
  outgoingStream(client: Client): Readable;
}

/** Marks as duplicates the messages that a client was sent before and did not acknowledge (MQTT-3.3.1-1); Aedes does not. */
export function markRedeliveries(aedes: Aedes): void {
  // Aedes has it, and leaves it out of its types.
  const { persistence } = aedes as Aedes & { readonly persistence: Sessions };
  const outgoing = persistence.outgoingStream.bind(persistence);
  persistence.outgoingStream = (client) => Readable.from(marked(outgoing(client)));
}

async function* marked(queued: AsyncIterable<Queued>): AsyncGenerator<Queued> {
  for await (const packet of queued) {
    if (packet.cmd === "publish" && packet.messageId !== undefined) packet.dup = true;
    yield packet;
  }
}
