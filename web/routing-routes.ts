import { setTimeout as pause } from "node:timers/promises";
import type { FastifyReply } from "fastify";
import { newSecret } from "../platform/access/callers.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type {
  NotificationStore,
  RouteOutcome,
  RoutingStore,
} from "../platform/notifications/notification-ports.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  defaultTopic,
  NewRouteBody,
  type NotificationSummary,
  RouteAnswer,
  RouteBody,
  RouteParams,
  RouteSeen,
  RouteSeenInQuery,
  type RouteSettings,
  RoutesAnswer,
  routeDefaults,
  SecuredRouteAnswer,
  TestAnswer,
} from "../schema/notification.ts";
import { objectionToRoute } from "../schema/notification-plan.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

export interface RoutingRouteDeps {
  readonly routing: RoutingStore;
  readonly notifications: NotificationStore;
  /** How long the answer to a test is waited for. */
  readonly testMs: number;
  readonly log: Log;
}

const root = "/api/v1/notification-routes";
const admin = { needs: "admin" } as const;
const lookMs = 100;

interface OfRoute {
  Params: { id: number };
}

/** Puts on a door who is told of alarms: to look at, to change, to try. */
export async function mountRouting(door: HttpDoor, deps: RoutingRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountList(scope, deps);
    mountWishes(scope, deps);
    mountEnds(scope, deps);
    mountTest(scope, deps);
    done();
  });
}

function mountList(scope: HttpDoor, { routing }: RoutingRouteDeps): void {
  scope.get(
    root,
    { config: { needs: "operator" }, schema: { response: { 200: RoutesAnswer } } },
    async () => ({
      routes: await routing.list(),
    }),
  );
}

function mountWishes(scope: HttpDoor, { routing, log }: RoutingRouteDeps): void {
  scope.post<{ Body: NewRouteBody }>(
    root,
    { config: admin, schema: { body: NewRouteBody, response: { 201: SecuredRouteAnswer } } },
    async (request, reply) => {
      const { url, ...wish } = request.body;
      const settings = settingsOf(wish);
      const objection = objectionToUrl(url) ?? objectionToRoute(settings, url !== undefined);
      if (objection !== undefined) return refuse(reply, 400, { code: "ROUTE_INVALID", reason: objection });
      const by = actorOf(request).name;
      const secret = settings.channel === "webhook" ? newSecret() : null;
      const outcome = await routing.add({ settings, url }, secret, by);
      note(log, outcome, { change: "add", by });
      return outcome.kind === "done"
        ? reply.code(201).send({ route: outcome.route, secret })
        : answer(reply, outcome);
    },
  );
  scope.put<OfRoute & { Body: RouteBody }>(
    `${root}/:id`,
    { config: admin, schema: { params: RouteParams, body: RouteBody, response: { 200: RouteAnswer } } },
    async (request, reply) => {
      const { id } = request.params;
      const { url, version, ...wish } = request.body;
      const known = (await routing.list()).find((route) => route.id === id);
      if (known === undefined) return answer(reply, { kind: "unknown" });
      const settings = settingsOf(wish);
      const objection =
        known.channel === settings.channel
          ? (objectionToUrl(url) ?? objectionToRoute(settings, url !== undefined || known.url !== null))
          : "a route keeps its channel; add another route, and remove this one";
      if (objection !== undefined) return refuse(reply, 400, { code: "ROUTE_INVALID", reason: objection });
      const by = actorOf(request).name;
      const outcome = await routing.change(id, { settings, url, version }, by);
      note(log, outcome, { change: "change", by });
      return answer(reply, outcome);
    },
  );
}

function mountEnds(scope: HttpDoor, { routing, log }: RoutingRouteDeps): void {
  scope.delete<OfRoute & { Querystring: RouteSeen }>(
    `${root}/:id`,
    { config: admin, schema: { params: RouteParams, querystring: RouteSeenInQuery } },
    async (request, reply) => {
      const by = actorOf(request).name;
      const outcome = await routing.remove(request.params.id, request.query, by);
      note(log, outcome, { change: "remove", by });
      return outcome.kind === "done" ? reply.code(204).send() : answer(reply, outcome);
    },
  );
  scope.post<OfRoute & { Body: RouteSeen }>(
    `${root}/:id/secret`,
    {
      config: admin,
      schema: { params: RouteParams, body: RouteSeen, response: { 200: SecuredRouteAnswer } },
    },
    async (request, reply) => {
      const { id } = request.params;
      const known = (await routing.list()).find((route) => route.id === id);
      if (known !== undefined && known.channel !== "webhook")
        return refuse(reply, 400, { code: "ROUTE_INVALID", reason: "only what a webhook gets is signed" });
      const by = actorOf(request).name;
      const secret = newSecret();
      const outcome = await routing.setSecret(id, { version: request.body.version, secret }, by);
      note(log, outcome, { change: "renew-secret", by });
      return outcome.kind === "done"
        ? reply.code(200).send({ route: outcome.route, secret })
        : answer(reply, outcome);
    },
  );
}

function note(log: Log, outcome: RouteOutcome, how: { change: string; by: string }): void {
  if (outcome.kind === "done") log.info({ route: outcome.route.name, ...how }, "notification route changed");
}

/** A test goes the way of every message, through a processor, so that it tries what counts. */
function mountTest(scope: HttpDoor, { notifications, testMs }: RoutingRouteDeps): void {
  scope.post<OfRoute>(
    `${root}/:id/test`,
    { config: admin, schema: { params: RouteParams, response: { 200: TestAnswer } } },
    async (request, reply) => {
      const startedMs = performance.now();
      const id = await notifications.queueTest(request.params.id, actorOf(request).name);
      if (id === null) return answer(reply, { kind: "unknown" });
      let found = await notifications.find(id);
      while (found?.state === "waiting" && performance.now() - startedMs < testMs) {
        await pause(lookMs);
        found = await notifications.find(id);
      }
      if (found?.state === "waiting") await notifications.abandonTest(id);
      const tookMs = Math.round(performance.now() - startedMs);
      return reply.code(200).send({ outcome: outcomeOf(found), reason: found?.lastError ?? null, tookMs });
    },
  );
}

function outcomeOf(found: NotificationSummary | null): string {
  if (found?.state === "waiting") return "waiting";
  return found?.state === "sent" ? "sent" : "failed";
}

function objectionToUrl(url: string | undefined): string | undefined {
  return url === undefined || URL.canParse(url) ? undefined : "the url is none";
}

function settingsOf(wish: Omit<NewRouteBody, "url">): RouteSettings {
  const settings = { ...routeDefaults, ...wish };
  return settings.channel === "mqtt" ? { ...settings, topic: settings.topic ?? defaultTopic } : settings;
}

function answer(reply: FastifyReply, outcome: RouteOutcome): FastifyReply {
  switch (outcome.kind) {
    case "done":
      return reply.code(200).send({ route: outcome.route });
    case "unknown":
      return refuse(reply, 404, { code: "ROUTE_UNKNOWN", reason: "there is no such notification route" });
    case "name-taken":
      return refuse(reply, 409, { code: "ROUTE_NAME_TAKEN", reason: "another route has this name" });
    case "stale": {
      const reason = `the route has changed; its version is ${outcome.route.version} now: look again, then decide`;
      return refuse(reply, 409, { code: "ROUTE_STALE", reason });
    }
  }
}
