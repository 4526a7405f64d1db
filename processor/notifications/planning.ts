import type { NotificationStore, RoutingStore } from "../../platform/notifications/notification-ports.ts";
import type { AlarmEvent } from "../../schema/event.ts";
import { planNotifications } from "../../schema/notification-plan.ts";

export interface PlanningDeps {
  readonly routing: Pick<RoutingStore, "list">;
  readonly notifications: Pick<NotificationStore, "labelsOf" | "queue">;
}

/** Queues what is to be told of what happened. May be called again with the same events: what is queued already stays once. */
export async function queueNotifications(
  { routing, notifications }: PlanningDeps,
  events: readonly AlarmEvent[],
): Promise<void> {
  const routes = (await routing.list()).filter(({ isEnabled }) => isEnabled);
  if (routes.length === 0) return;
  const asksForLabels = routes.some(({ labels }) => Object.keys(labels).length > 0);
  const deviceIds = [...new Set(events.map(({ deviceId }) => deviceId))];
  const labels = asksForLabels ? await notifications.labelsOf(deviceIds) : new Map();
  await notifications.queue(planNotifications(events, routes, { labels, nowMs: Date.now() }));
}
