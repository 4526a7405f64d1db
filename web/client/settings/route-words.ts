import type { NotificationRoute, RouteBody, TestAnswer } from "../../../schema/notification.ts";
import { formatTook } from "../parts/took.ts";

/** Who is told by a route, and of what. */
export function describeRoute(route: NotificationRoute): string {
  const { channel, url, to, topic, severity, device, sensorType, labels, changes, hours } = route;
  const ends = { webhook: url ?? "", email: to.join(", "), mqtt: topic ?? "" } as const;
  const parts = [
    `${channel} ${ends[channel]}`,
    `${severity} and above`,
    `when ${changes.join(", ")}`,
    ...(device === null ? [] : [`of ${device}`]),
    ...(Object.keys(labels).length === 0 ? [] : [`with ${textOfLabels(labels)}`]),
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

/** What of an alarm somebody can be told. */
export const changeNames = [
  ...(["raised", "worsened", "acknowledged", "assigned"] as const),
  ...(["commented", "shelved", "unshelved", "cleared"] as const),
] satisfies NotificationRoute["changes"];

/** `hall=2, line=a` */
export function textOfLabels(labels: NotificationRoute["labels"]): string {
  return Object.entries(labels)
    .map(([name, text]) => `${name}=${text}`)
    .join(", ");
}

/** @throws with a sentence when a part of the text is no label. */
export function labelsOfText(text: string): NotificationRoute["labels"] {
  const parts = text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf("=");
      if (at < 1) throw new Error(`“${part}” is no label; write it as name=text.`);
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
}
