import type { Message } from "../../schema/digest.ts";
import type {
  NotificationRoute,
  NotificationState,
  NotificationSummary,
  PlannedNotification,
  RouteSettings,
} from "../../schema/notification.ts";
import type { Labels } from "../../schema/provisioning.ts";

/** A route as somebody wants it, with what is shown to nobody. */
export interface RouteWish {
  readonly settings: RouteSettings;
  /** Of a webhook; undefined leaves it as it is. */
  readonly url: string | undefined;
}

export type RouteOutcome =
  | { readonly kind: "done"; readonly route: NotificationRoute }
  /** Somebody has changed it since it was looked at; with how it is now. */
  | { readonly kind: "stale"; readonly route: NotificationRoute }
  | { readonly kind: "unknown" | "name-taken" };

/** Where notifications go. Each change is on record, without what is secret, and needs the newest version. */
export interface RoutingStore {
  /** By id. */
  list(): Promise<readonly NotificationRoute[]>;
  /** `secret`: what messages to a webhook are signed with. */
  add(wish: RouteWish, secret: string | null, by: string): Promise<RouteOutcome>;
  /** What waits on a route that is switched off is discarded. */
  change(id: number, wish: RouteWish & { version: number }, by: string): Promise<RouteOutcome>;
  setSecret(id: number, wish: { version: number; secret: string }, by: string): Promise<RouteOutcome>;
  /** With everything that was or is to be told on it. */
  remove(id: number, wish: { version: number }, by: string): Promise<RouteOutcome>;
}

/** A message that a processor has for itself for a while, with where it goes. */
export interface TakenMessage extends Message {
  /** This one included. */
  readonly attempts: number;
  readonly route: NotificationRoute;
  /** Of a webhook: the whole address, and the key to sign with. */
  readonly url: string | null;
  readonly secret: string | null;
}

export interface Backlog {
  /** Those that wait, whatever for, and those that were given up. */
  readonly waiting: number;
  readonly dead: number;
  /** For how long the oldest has waited that is due or was tried, seconds; 0 without one. */
  readonly oldestSeconds: number;
}

/** What became of an operator's wish. */
export type NotificationOutcome =
  | { readonly kind: "done" | "impossible"; readonly notification: NotificationSummary }
  | { readonly kind: "unknown" };

/** What is to be told, until it is told or given up; any number of processes may work on it. */
export interface NotificationStore {
  labelsOf(deviceIds: readonly string[]): Promise<ReadonlyMap<string, Labels>>;
  /** Takes in what is not there yet, by alarm, version and route; answers how many were new. */
  queue(planned: readonly PlannedNotification[]): Promise<number>;
  /**
   * Takes the next message of a route that nobody else sends for: route and message are the caller's for `leaseMs`, or until it
   * says what became of it. Null when nothing is due. Of one alarm messages come in order, as long as they are sent.
   */
  take(leaseMs: number): Promise<TakenMessage | null>;
  sent(message: TakenMessage): Promise<void>;
  /** It could not be sent: to be tried again after `retryMs`, or, with null, not any more. */
  failed(message: TakenMessage, why: { reason: string; retryMs: number | null }): Promise<void>;
  /** Gives back what was not tried to the end, so that somebody else need not wait. */
  giveBack(message: TakenMessage): Promise<void>;
  backlog(): Promise<Backlog>;
  /** Newest first, those with a number below `after`. */
  list(query: {
    state?: NotificationState | undefined;
    routeId?: number | undefined;
    after?: number | undefined;
    limit: number;
  }): Promise<readonly NotificationSummary[]>;
  find(id: string): Promise<NotificationSummary | null>;
  /** To be tried at once, as if it never had been; on record. */
  retry(id: string, by: string): Promise<NotificationOutcome>;
  /** Not to be told any more; on record. */
  discard(id: string, by: string): Promise<NotificationOutcome>;
  /** Queues a test message; null when there is no such route. */
  queueTest(routeId: number, by: string): Promise<string | null>;
  /** Nobody waits for this test any more. */
  abandonTest(id: string): Promise<void>;
  /** Forgets what was queued so long ago and does not wait; answers how many. */
  forgetOlderThan(days: number): Promise<number>;
}
