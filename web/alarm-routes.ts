import type { FastifyReply } from "fastify";
import type { AlarmOutcome, AlarmStore } from "../platform/alarms/alarm-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { TuningStore } from "../platform/models/tuning-ports.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  AlarmAnswer,
  AlarmBodies,
  AlarmChangedAnswer,
  AlarmParams,
  AlarmsAnswer,
  AlarmsQuestion,
  type AlarmVerdict,
  type AlarmWish,
  anomalyRule,
} from "../schema/alarm.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

export interface AlarmRouteDeps {
  readonly alarms: AlarmStore;
  readonly tunings: Pick<TuningStore, "suggest" | "suggestion">;
  readonly log: Log;
}

const root = "/api/v1/alarms";
const viewer = { needs: "viewer" } as const;
const operator = { needs: "operator" } as const;

/** The bodies in one; the schema of each route has seen to what must be there. */
interface Order {
  readonly version: number;
  readonly comment?: string;
  readonly assignee?: string | null;
  readonly seconds?: number;
  readonly verdict?: AlarmVerdict | "none";
  readonly note?: string;
}

/** Puts the alarms on a door: to list, to look at, and what operators do about them. */
export async function mountAlarms(door: HttpDoor, deps: AlarmRouteDeps): Promise<void> {
  // A scope of its own, since its body parser is not for the other routes of a shared door.
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountList(scope, deps);
    mountOne(scope, deps);
    for (const kind of ["acknowledge", "comment", "assign", "shelve", "clear", "feedback"] as const)
      mountChange(scope, deps, kind);
    done();
  });
}

function mountList(scope: HttpDoor, { alarms }: AlarmRouteDeps): void {
  scope.get<{ Querystring: AlarmsQuestion }>(
    root,
    { config: viewer, schema: { querystring: AlarmsQuestion, response: { 200: AlarmsAnswer } } },
    async ({ query }) => {
      const { state: group, device: deviceId, sensor: sensorType, rule, at: atUs } = query;
      const { group: of, fold: isFolded, after, limit } = query;
      const which = { group, deviceId, sensorType, rule, atUs, of, isFolded, after };
      // One more than asked for tells whether there is a next page.
      const page = await alarms.list({ ...which, limit: limit + 1 });
      const listed = page.slice(0, limit);
      return { alarms: listed, next: page.length > limit ? (listed.at(-1)?.id ?? null) : null };
    },
  );
}

function mountOne(scope: HttpDoor, { alarms, tunings }: AlarmRouteDeps): void {
  scope.get<{ Params: { id: number } }>(
    `${root}/:id`,
    { config: viewer, schema: { params: AlarmParams, response: { 200: AlarmAnswer } } },
    async ({ params }, reply) => {
      const found = await alarms.find(params.id);
      if (found === null) return refuse(reply, 404, unknown);
      return { ...found, suggestion: await tunings.suggestion(found.alarm) };
    },
  );
}

function mountChange(
  scope: HttpDoor,
  { alarms, tunings, log }: AlarmRouteDeps,
  kind: AlarmWish["kind"],
): void {
  scope.post<{ Params: { id: number }; Body: Order }>(
    `${root}/:id/${kind}`,
    {
      config: operator,
      schema: { params: AlarmParams, body: AlarmBodies[kind], response: { 200: AlarmChangedAnswer } },
    },
    async (request, reply) => {
      const { body } = request;
      const by = actorOf(request).name;
      const order = {
        wish: toWish(kind, body),
        version: body.version,
        by,
        comment: body.comment ?? body.note ?? null,
      };
      const outcome = await alarms.change(request.params.id, order);
      if (outcome.kind === "changed") {
        const { id, deviceId: device, version } = outcome.alarm;
        log.info({ device, alarm: id, version, change: kind, by }, "alarm changed");
        if (body.verdict === "false-alarm" && outcome.alarm.rule === anomalyRule)
          await tunings.suggest(outcome.alarm);
      }
      return answer(reply, outcome);
    },
  );
}

function toWish(
  kind: AlarmWish["kind"],
  { assignee = null, seconds = 0, verdict = "none" }: Order,
): AlarmWish {
  switch (kind) {
    case "assign":
      return { kind, assignee };
    case "shelve":
      return { kind, seconds };
    case "feedback":
      return { kind, verdict: verdict === "none" ? null : verdict };
    case "acknowledge":
    case "comment":
    case "clear":
      return { kind };
  }
}

function answer(reply: FastifyReply, outcome: AlarmOutcome): FastifyReply {
  switch (outcome.kind) {
    case "changed":
      return reply.code(200).send({ alarm: outcome.alarm });
    case "unknown":
      return refuse(reply, 404, unknown);
    case "stale": {
      const reason = `the alarm has changed; its version is ${outcome.alarm.version} now: look again, then decide`;
      return refuse(reply, 409, { code: "ALARM_STALE", reason });
    }
    case "impossible":
      return refuse(reply, 409, {
        code: "ALARM_STATE",
        reason: `that cannot be done with an alarm that is ${outcome.alarm.state}`,
      });
  }
}

const unknown = {
  code: "ALARM_UNKNOWN",
  reason: "there is no such alarm; those that cleared long ago are removed",
};
