import type { Aedes, AedesPublishPacket } from "aedes";

/** Of what Aedes hands messages to subscribers with, whatever that is. */
interface Emitter {
  emit(packet: AedesPublishPacket, done: (error?: Error | null) => void): void;
}

/**
 * Lets whoever published go on as soon as the message is on its way. Aedes reads no more from a publisher until every subscriber has
 * taken its message, so one that does not read would hold up all whom it hears for as long as `drainTimeout`. What then bounds the
 * messages for a slow one are `Deliveries`.
 */
export function detachPublishers(aedes: Aedes): void {
  // Aedes has it, and leaves it out of its types.
  const { mq } = aedes as Aedes & { readonly mq: Emitter };
  const emit = mq.emit.bind(mq);
  mq.emit = (packet, done) => {
    let isDone = false;
    const once = (error?: Error | null): void => {
      if (isDone) return;
      isDone = true;
      done(error);
    };
    // It is done at once when nobody hears it.
    emit(packet, once);
    // Not in the same turn: Aedes would read on in the midst of what it is reading.
    if (!isDone) setImmediate(once);
  };
}
