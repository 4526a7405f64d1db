import type { NotificationRoute, RouteBody, TestAnswer } from "../../../schema/notification.ts";
import { formatTook } from "../parts/took.ts";

/** Who is told by a route, and of what. */
export function describeRoute(route: NotificationRoute): string {
  const { channel, url, to, topic, severity, device, sensorType, changes, hours } = route;
  const ends = { webhook: url ?? "", email: to.join(", "), mqtt: topic ?? "" } as const;
  const parts = [
    `${channel} ${ends[channel]}`,
    `${severity} and above`,
    `when ${changes.join(", ")}`,
    ...(device === null ? [] : [`of ${device}`]),
    ...(sensorType === null ? [] : [sensorType]),
    ...(hours === null ? [] : [`${hours.days.join(", ")} from ${hours.from} to ${hours.to}`]),
  ];
  return parts.join("; ");
}

/** How a test went, in a sentence. */
export function describeTest(name: string, { outcome, reason, tookMs }: TestAnswer): string {
  switch (outcome) {
    case "sent":
      return `The test to ${name} was taken after ${formatTook(tookMs)}.`;
    case "failed":
      return `The test to ${name} failed: ${reason ?? "nobody said why"}.`;
    case "waiting":
      return `No processor came to the test to ${name}; it is not sent any more.`;
  }
}

/** A route as the server wants it back; its address stays what it is. */
export function toRouteWish({ id: _id, url: _url, createdUs: _at, ...wish }: NotificationRoute): RouteBody {
  return wish;
}
