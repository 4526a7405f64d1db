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
  if (topic.startsWith("$")) return { kind: "reserved" };
  const [root, deviceId = "", channel = "", ...rest] = topic.split("/");
  if (root !== "devices" || !isDeviceId(deviceId)) return { kind: "unknown", deviceId: null };
  if (channel === "telemetry" && rest.length === 0)
    return { kind: "telemetry", deviceId, sensorType: undefined };
  if (channel === "telemetry" && rest.length === 1) {
    const [sensorType = ""] = rest;
    return isSensorType(sensorType)
      ? { kind: "telemetry", deviceId, sensorType }
      : { kind: "unknown", deviceId };
  }
  if (channel === "commands" && rest.length > 0) return { kind: "command", deviceId };
  if (platformChannels.has(channel)) return { kind: "reserved" };
  return { kind: "unknown", deviceId };
}

/** Where a device publishes its readings. */
export function telemetryTopic(deviceId: string): string {
  return `devices/${deviceId}/telemetry`;
}

/** Where the platform announces a device's anomalies. */
export function anomaliesTopic(deviceId: string): string {
  return `devices/${deviceId}/anomalies`;
}
