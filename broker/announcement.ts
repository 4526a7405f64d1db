import type { Aedes } from "aedes";
import type { BrokerCommons } from "../platform/broker-commons.ts";
import type { EventStream, Running } from "../platform/ports.ts";
import { alarmMessage } from "../schema/alarm-message.ts";
import type { AlarmEvent, AnomalyEvent, Hint, NumberedEvent, PlatformEvent } from "../schema/event.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { alarmsTopic, anomaliesTopic, groupAlarmsTopic } from "../schema/topics.ts";

interface Announcer {
  readonly events: EventStream;
  readonly aedes: Aedes;
  /** Where it is settled which of several brokers announces an event. */
  readonly commons: Pick<BrokerCommons, "isFirstToAnnounce"> | undefined;
  readonly onHint: (hint: Hint) => void;
}

/**
 * Publishes every anomaly on `devices/{id}/anomalies`, what happens to alarms on `devices/{id}/alarms`, and notifications on the topics
 * of their routes, so that other systems can act on it. Of several brokers one publishes, and its message goes the way of any other.
 * What is hinted at is passed on, since to hear it twice would take two more connections.
 */
export function announceEvents({ events, aedes, commons, onHint }: Announcer): Promise<Running> {
  const isMine = async (eventId: string): Promise<boolean> => commons?.isFirstToAnnounce(eventId) ?? true;
  return events.subscribe({
    onHint,
    onEvent: ({ id, event }: NumberedEvent) => {
      const announcement = toAnnouncement(event);
      if (announcement === null) return;
      const packet = {
        cmd: "publish",
        topic: announcement.topic,
        payload: Buffer.from(JSON.stringify({ id, ...announcement.message })),
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

function toAnnouncement(event: PlatformEvent): { topic: string; message: object } | null {
  switch (event.kind) {
    case "anomaly":
      return { topic: anomaliesTopic(event.deviceId), message: anomalyMessage(event) };
    case "alarm":
      return { topic: alarmTopicOf(event), message: alarmMessage(event) };
    case "notification":
      return { topic: event.topic, message: event.message };
    case "device-active":
    case "device-inactive":
    case "access-changed":
      return null;
  }
}

function alarmTopicOf({ deviceId, alarm }: AlarmEvent): string {
  return alarm.members > 0 ? groupAlarmsTopic(alarm.rule) : alarmsTopic(deviceId);
}

/** In the words of the wire, as `alarmMessage`. */
function anomalyMessage(event: AnomalyEvent) {
  return {
    device_id: event.deviceId,
    sensor_type: event.sensorType,
    timestamp: formatTimestamp(event.timestampUs),
    value: event.value,
    score: event.score,
    confidence: event.confidence,
    severity: event.severity,
    reason: event.sentence,
    expected: event.expected,
    shares: event.shares,
    sensors: event.sensors,
    learning: event.learning,
    model: event.modelVersion,
  };
}
