import { rankOfSeverity } from "./alarm.ts";
import { deviceMatcher } from "./device-pattern.ts";
import type { AlarmEvent } from "./event.ts";
import {
  defaultTopic,
  type NotificationRoute,
  type PlannedNotification,
  type RouteSettings,
} from "./notification.ts";
import { nextOpening } from "./opening-hours.ts";
import type { Labels } from "./provisioning.ts";
import { isTimeZone } from "./schedule.ts";

/** What is to be told of what happened: a notification for each event and each route that wants it. */
export function planNotifications(
  events: readonly AlarmEvent[],
  routes: readonly NotificationRoute[],
  { labels, nowMs }: { labels: ReadonlyMap<string, Labels>; nowMs: number },
): readonly PlannedNotification[] {
  // Of the storm of events that a fleet can raise at once, each would look through the week anew.
  const openings = new Map<NotificationRoute, ReturnType<typeof openingOf>>();
  const openingFor = (route: NotificationRoute) => {
    const opening = openings.get(route);
    if (opening !== undefined) return opening;
    const found = openingOf(route, nowMs);
    openings.set(route, found);
    return found;
  };
  return events.flatMap((event) => {
    const { severity } = event.alarm;
    return routes.flatMap((route) => {
      if (!isWanted(route, event, labels.get(event.deviceId) ?? {})) return [];
      const opening = openingFor(route);
      return opening === "never" ? [] : [{ routeId: route.id, event, severity, dueUs: opening }];
    });
  });
}

function isWanted(route: NotificationRoute, { change, alarm }: AlarmEvent, labels: Labels): boolean {
  if (!route.isEnabled || !route.changes.some((wanted) => wanted === change)) return false;
  // On the shelf it says nothing, but that it was put there.
  if (alarm.shelvedUntilUs !== null && change !== "shelved") return false;
  // The alarm of many speaks for those that are a part of it; whoever heard of one before it was, hears the end.
  if (alarm.group !== null && change !== "cleared") return false;
  if (rankOfSeverity(alarm.severity) < rankOfSeverity(route.severity)) return false;
  // A device that is silent is silent with all its sensors.
  if (route.sensorType !== null && alarm.sensorType !== "" && route.sensorType !== alarm.sensorType)
    return false;
  // Better told than not: some of the many may be among those that are asked for.
  if (alarm.members > 0) return true;
  if (route.device !== null && !deviceMatcher([route.device])(alarm.deviceId)) return false;
  return Object.entries(route.labels).every(([name, text]) => labels[name] === text);
}

/** When a route may be told of what happens now: at once (null), from a moment on (microseconds since the epoch), or never. */
function openingOf({ hours, timeZone }: RouteSettings, nowMs: number): number | null | "never" {
  const openingMs = hours === null ? nowMs : nextOpening(hours, timeZone, nowMs);
  if (hours === null || openingMs === null || openingMs === nowMs) return null;
  return hours.outside === "drop" ? "never" : openingMs * 1000;
}

/** Why a route cannot be as it is asked for, or undefined. `hasUrl`: one is given, or known from before. */
export function objectionToRoute(route: RouteSettings, hasUrl: boolean): string | undefined {
  if (!isTimeZone(route.timeZone)) return `there is no time zone ${JSON.stringify(route.timeZone)}`;
  const isWebhook = route.channel === "webhook";
  if (isWebhook !== hasUrl) return isWebhook ? "a webhook needs a url" : "only a webhook has a url";
  if ((route.channel === "email") !== route.to.length > 0)
    return route.channel === "email" ? "an e-mail needs somebody in to" : "only an e-mail has somebody in to";
  if (route.topic === null) return undefined;
  if (route.channel !== "mqtt") return "only the channel mqtt has a topic";
  return /[+#\p{Cc}\p{Cs}]|\/$|\/\//u.test(route.topic)
    ? "a topic has no + or #, no control characters and no empty level"
    : undefined;
}

/** The topic that a message goes out on; `device` and `sensor` are null in one that tells of several. */
export function topicOf(
  { topic }: Pick<RouteSettings, "topic">,
  { severity, device, sensor }: { severity: string; device: string | null; sensor: string | null },
): string {
  const words: Readonly<Record<string, string>> = {
    severity,
    device: device ?? "several",
    sensor: sensor ?? "several",
  };
  return (topic ?? defaultTopic).replaceAll(
    /\{(severity|device|sensor)\}/g,
    (_, name: string) =>
      // Names of devices and sensors have none of these; what else an alarm can be of must not break the topic.
      (words[name] ?? "").replaceAll(/[+#/\p{Cc}]/gu, "_") || "several",
  );
}
