import type { Aedes } from "aedes";
import type { EventStream, Running } from "../platform/ports.ts";
import type { AnomalyEvent, NumberedEvent } from "../schema/event.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { anomaliesTopic } from "../schema/topics.ts";

interface Announcer {
  readonly events: EventStream;
  readonly aedes: Aedes;
  /** Whether this broker is the one of several that announces the event. */
  readonly isMine: (eventId: string) => Promise<boolean>;
}

/**
 * Publishes every anomaly on `devices/{id}/anomalies`, so that other systems can act on it. Of several brokers one publishes, and
 * its message goes the way of any other.
 */
export function announceAnomalies({ events, aedes, isMine }: Announcer): Promise<Running> {
  return events.subscribe({
    onEvent: ({ id, event }: NumberedEvent) => {
      if (event.kind !== "anomaly") return;
      const packet = {
        cmd: "publish",
        topic: anomaliesTopic(event.deviceId),
        payload: Buffer.from(JSON.stringify({ id, ...toAnnouncement(event) })),
        qos: 1,
        retain: false,
        dup: false,
      } as const;
      isMine(id).then(
        // A subscriber that cannot be reached is Aedes' affair; there is nobody to answer to.
        (isOurs) => isOurs && aedes.publish(packet, () => undefined),
        // Redis is away, so nobody knows whose it is. It is in the table, and on the console.
        () => undefined,
      );
    },
  });
}

/** The anomaly in the words of the wire: snake case and ISO timestamps, as devices speak. */
function toAnnouncement(event: AnomalyEvent) {
  return {
    device_id: event.deviceId,
    sensor_type: event.sensorType,
    timestamp: formatTimestamp(event.timestampUs),
    value: event.value,
    score: event.score,
    confidence: event.confidence,
    reason: event.sentence,
    expected: event.expected,
    model: event.modelVersion,
  };
}
