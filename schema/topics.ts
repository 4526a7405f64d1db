import { isCommandName } from "./command.ts";
import { isDeviceId, isSensorType } from "./reading.ts";

/** What a topic means to the platform. */
export type Topic =
  | { readonly kind: "telemetry"; readonly deviceId: string; readonly sensorType: string | undefined }
  /** `devices/{id}/messages/...`: carried to whoever may hear it, and stored nowhere. */
  | { readonly kind: "message"; readonly deviceId: string }
  /** `devices/{id}/commands/{name}/answer`: what a device says of a command. */
  | { readonly kind: "answer"; readonly deviceId: string }
  /** Only the platform speaks here: `anomalies`, `alarms` (of a device, and at the top), `status`, `commands`, `notifications/...`, `$SYS`. */
  | { readonly kind: "reserved" }
  | { readonly kind: "unknown"; readonly deviceId: string | null };

/** The first level of the topics on which notifications go out. */
export const notificationsRoot = "notifications";

const platformChannels = new Set(["anomalies", "alarms", "status", "commands"]);

/** Reads a topic. Pure; never throws, whatever the text. */
export function parseTopic(topic: string): Topic {
  if (topic === "$SYS" || topic.startsWith("$SYS/")) return { kind: "reserved" };
  const levels = topic.split("/");
  const [root, deviceId = "", channel = "", name] = levels;
  if (root === "alarms" || root === notificationsRoot) return { kind: "reserved" };
  if (root !== "devices" || !isDeviceId(deviceId)) return { kind: "unknown", deviceId: null };
  if (channel === "telemetry" && levels.length <= 4) {
    return name === undefined || isSensorType(name)
      ? { kind: "telemetry", deviceId, sensorType: name }
      : { kind: "unknown", deviceId };
  }
  if (channel === "messages" && levels.length > 3) return { kind: "message", deviceId };
  if (isAnswer(levels)) return { kind: "answer", deviceId };
  if (platformChannels.has(channel)) return { kind: "reserved" };
  return { kind: "unknown", deviceId };
}

/** `devices/{id}/commands/{name}/answer`. */
function isAnswer([, , channel, name = "", end, ...more]: readonly string[]): boolean {
  return channel === "commands" && isCommandName(name) && end === "answer" && more.length === 0;
}

/**
 * Whether a topic or a filter begins with a dollar sign and is not of `$SYS`. MQTT leaves such names to servers, which should keep
 * clients from talking to each other on them (3.1.1 §4.7.2); this one has no use for them, for shared subscriptions neither.
 */
export function isServersOwn(text: string): boolean {
  return text.startsWith("$") && text !== "$SYS" && !text.startsWith("$SYS/");
}

const [devicesLevel, telemetryLevel] = ["devices/", "/telemetry"];

/** Whether this is a device's telemetry or a topic below it, whatever `parseTopic` thinks of the names in it. */
export function isTelemetryTopic(topic: string): boolean {
  if (!topic.startsWith(devicesLevel)) return false;
  const at = topic.indexOf("/", devicesLevel.length);
  if (at === -1 || !topic.startsWith(telemetryLevel, at)) return false;
  const end = at + telemetryLevel.length;
  return topic.length === end || topic[end] === "/";
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

/** Where the platform says what happens to a device's alarms. */
export function alarmsTopic(deviceId: string): string {
  return `devices/${deviceId}/alarms`;
}

/** Where it says what happens to an alarm that is about many devices: it belongs to none of them. */
export function groupAlarmsTopic(rule: string): string {
  return `alarms/${rule}`;
}

/** Where the platform says whether a device is connected; retained. */
export function statusTopic(deviceId: string): string {
  return `devices/${deviceId}/status`;
}

/** Where a device is told what to do; it answers one level below, on `answer`. */
export function commandTopic(deviceId: string, name: string): string {
  return `devices/${deviceId}/commands/${name}`;
}
