import type { Aedes, AedesPublishPacket, Client, PublishPacket } from "aedes";
import { isTelemetryTopic } from "../schema/topics.ts";
import type { Ears } from "./ears.ts";

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

type Published = (error?: Error | null) => void;

/** As Aedes calls itself for what a client publishes; its types know only how others call it. */
interface Publisher {
  publish(packet: PublishPacket, client: Client, done: Published): void;
}

/**
 * Passes over telemetry that nobody can hear, which most readings are: for Aedes to find that out takes 2 of 10 µs a message. What is
 * to be acknowledged or kept goes its usual way.
 */
export function passOverUnheard(aedes: Aedes, ears: Ears): void {
  const publisher: Publisher = aedes as Aedes & Publisher;
  const publish = publisher.publish.bind(publisher);
  const isUnheard = ({ qos, retain, topic }: PublishPacket): boolean =>
    qos === 0 && !retain && isTelemetryTopic(topic) && !ears.areFor(topic);
  publisher.publish = (packet, client, done) => {
    // It is left out where there is no client.
    if (done !== undefined && isUnheard(packet)) done();
    else publish(packet, client, done);
  };
}
