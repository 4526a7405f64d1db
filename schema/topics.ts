import { isDeviceId, isSensorType } from "./reading.ts";

/** What a topic means to the platform. */
export type Topic =
  | { readonly kind: "telemetry"; readonly deviceId: string; readonly sensorType: string | undefined }
  /** `devices/{id}/commands/{name}` and its answers: carried, not stored. */
  | { readonly kind: "command"; readonly deviceId: string }
  /** Only the platform speaks here: `anomalies`, `alarms`, `status`, `$SYS`. */
  | { readonly kind: "reserved" }
  | { readonly kind: "unknown"; readonly deviceId: string | null };

const platformChannels = new Set(["anomalies", "alarms", "status"]);

/** Reads a topic. Pure; never throws, whatever the text. */
export function parseTopic(topic: string): Topic {
  if (topic === "$SYS" || topic.startsWith("$SYS/")) return { kind: "reserved" };
  const levels = topic.split("/");
  const [root, deviceId = "", channel = "", sensorType] = levels;
  if (root !== "devices" || !isDeviceId(deviceId)) return { kind: "unknown", deviceId: null };
  if (channel === "telemetry" && levels.length <= 4) {
    return sensorType === undefined || isSensorType(sensorType)
      ? { kind: "telemetry", deviceId, sensorType }
      : { kind: "unknown", deviceId };
  }
  if (channel === "commands" && levels.length > 3) return { kind: "command", deviceId };
  if (platformChannels.has(channel)) return { kind: "reserved" };
  return { kind: "unknown", deviceId };
}

/**
 * Whether a topic or a filter begins with a dollar sign and is not of `$SYS`. MQTT leaves such names to servers, which should keep
 * clients from talking to each other on them (3.1.1 §4.7.2); this one has no use for them, for shared subscriptions neither.
 */
export function isServersOwn(text: string): boolean {
  return text.startsWith("$") && text !== "$SYS" && !text.startsWith("$SYS/");
}

const telemetryShape = /^devices\/[^/]*\/telemetry(?:\/|$)/;

/** Whether this is a device's telemetry or a topic below it, whatever `parseTopic` thinks of the names in it. */
export function isTelemetryTopic(topic: string): boolean {
  return telemetryShape.test(topic);
}

/** Whether this filter of a subscription can match a topic of which `isTelemetryTopic` holds. */
export function canHearTelemetry(filter: string): boolean {
  const [root, device, channel] = filter.split("/");
  if (root === "#") return true;
  if (root !== "devices" && root !== "+") return false;
  return device === "#" || channel === "#" || channel === "telemetry" || channel === "+";
}

/** Where a device publishes its readings. */
export function telemetryTopic(deviceId: string): string {
  return `devices/${deviceId}/telemetry`;
}

/** Where the platform announces a device's anomalies. */
export function anomaliesTopic(deviceId: string): string {
  return `devices/${deviceId}/anomalies`;
}
