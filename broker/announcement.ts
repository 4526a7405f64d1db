import type { Aedes } from "aedes";
import type { EventStream, Running } from "../platform/ports.ts";
import type { AnomalyEvent, Hint, NumberedEvent } from "../schema/event.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { anomaliesTopic } from "../schema/topics.ts";

/**
 * Publishes every anomaly on `devices/{id}/anomalies`, so that other systems can act on it. Every broker tells its own clients. What
 * is hinted at is passed on, since to hear it twice would take two more connections.
 */
export function announceAnomalies(
  events: EventStream,
  aedes: Aedes,
  onHint: (hint: Hint) => void,
): Promise<Running> {
  return events.subscribe({
    onHint,
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
      // A subscriber that cannot be reached is Aedes' affair; there is nobody to answer to.
      aedes.publish(packet, () => undefined);
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
