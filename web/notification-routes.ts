import type { FastifyReply } from "fastify";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { NotificationOutcome, NotificationStore } from "../platform/notifications/notification-ports.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  NotificationAnswer,
  NotificationParams,
  NotificationsAnswer,
  NotificationsQuestion,
} from "../schema/notification.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";

export interface NotificationRouteDeps {
  readonly notifications: NotificationStore;
  readonly log: Log;
}

const root = "/api/v1/notifications";
const operator = { needs: "operator" } as const;

/** Puts on a door what was and is to be told: to list, to try again, to discard. */
export async function mountNotifications(door: HttpDoor, deps: NotificationRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountList(scope, deps);
    mountDecisions(scope, deps);
    done();
  });
}

function mountList(scope: HttpDoor, { notifications }: NotificationRouteDeps): void {
  scope.get<{ Querystring: NotificationsQuestion }>(
    root,
    {
      config: operator,
      schema: { querystring: NotificationsQuestion, response: { 200: NotificationsAnswer } },
    },
    async ({ query: { state, route: routeId, after, limit } }) => {
      // One more than asked for tells whether there is a next page.
      const page = await notifications.list({ state, routeId, after, limit: limit + 1 });
      const listed = page.slice(0, limit);
      return { notifications: listed, next: page.length > limit ? (listed.at(-1)?.number ?? null) : null };
    },
  );
}

function mountDecisions(scope: HttpDoor, { notifications, log }: NotificationRouteDeps): void {
  const decisions = {
    retry: (id: string, by: string) => notifications.retry(id, by),
    discard: (id: string, by: string) => notifications.discard(id, by),
  };
  for (const [verb, decide] of Object.entries(decisions)) {
    scope.post<{ Params: { id: string } }>(
      `${root}/:id/${verb}`,
      { config: operator, schema: { params: NotificationParams, response: { 200: NotificationAnswer } } },
      async (request, reply) => {
        const { id } = request.params;
        const by = actorOf(request).name;
        const outcome = await decide(id, by);
        if (outcome.kind === "done")
          log.info({ notification: id, decision: verb, by }, "notification decided");
        return answer(reply, outcome);
      },
    );
  }
}

function answer(reply: FastifyReply, outcome: NotificationOutcome): FastifyReply {
  switch (outcome.kind) {
    case "done":
      return reply.code(200).send({ notification: outcome.notification });
    case "unknown":
      return reply.code(404).send({ error: "there is no such notification", code: "NOTIFICATION_UNKNOWN" });
    case "impossible": {
      const error = `that cannot be done with a notification that is ${outcome.notification.state}`;
      return reply.code(409).send({ error, code: "NOTIFICATION_STATE" });
    }
  }
}
