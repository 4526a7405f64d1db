import type { FastifyReply } from "fastify";
import type { RuleOutcome, RuleStore } from "../platform/alarms/rule-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  hasNullLimit,
  RuleAnswer,
  RuleBody,
  RuleChangeBody,
  RuleParams,
  RuleRemovalQuestion,
  RulesAnswer,
  type RuleWish,
  ruleFault,
} from "../schema/rule.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

export interface RuleRouteDeps {
  readonly rules: RuleStore;
  readonly log: Log;
}

const root = "/api/v1/rules";
const viewer = { needs: "viewer" } as const;
const operator = { needs: "operator" } as const;

interface One {
  Params: { id: number };
}

/** Puts operators' own rules on a door. */
export async function mountRules(door: HttpDoor, deps: RuleRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    scope.addHook("preValidation", async (request, reply) => {
      if (hasNullLimit(request.body)) return refuse(reply, 400, { code: "RULE_INVALID", reason: noNull });
    });
    mountReading(scope, deps);
    mountWriting(scope, deps);
    mountRemoval(scope, deps);
    done();
  });
}

function mountReading(scope: HttpDoor, { rules }: RuleRouteDeps): void {
  scope.get(root, { config: viewer, schema: { response: { 200: RulesAnswer } } }, async () => ({
    rules: await rules.list(),
  }));
  scope.get<One>(
    `${root}/:id`,
    { config: viewer, schema: { params: RuleParams, response: { 200: RuleAnswer } } },
    async ({ params }, reply) => {
      const rule = await rules.find(params.id);
      return rule === null ? refuse(reply, 404, unknown) : { rule };
    },
  );
}

function mountWriting(scope: HttpDoor, { rules, log }: RuleRouteDeps): void {
  scope.post<{ Body: RuleWish }>(
    root,
    { config: operator, schema: { body: RuleBody, response: { 201: RuleAnswer } } },
    async (request, reply) => {
      const { body: wish } = request;
      const reason = ruleFault(wish);
      if (reason !== undefined) return refuse(reply, 400, { code: "RULE_INVALID", reason });
      const by = actorOf(request).name;
      const outcome = await rules.add(wish, by);
      if (outcome.kind === "changed") log.info({ rule: outcome.rule.id, by }, "rule added");
      return answer(reply, outcome, { status: 201, name: wish.name });
    },
  );
  scope.put<One & { Body: RuleChangeBody }>(
    `${root}/:id`,
    { config: operator, schema: { params: RuleParams, body: RuleChangeBody, response: { 200: RuleAnswer } } },
    async (request, reply) => {
      const { version, ...wish } = request.body;
      const reason = ruleFault(wish);
      if (reason !== undefined) return refuse(reply, 400, { code: "RULE_INVALID", reason });
      const by = actorOf(request).name;
      const outcome = await rules.change(request.params.id, { version, wish, by });
      if (outcome.kind === "changed") log.info({ rule: outcome.rule.id, by }, "rule changed");
      return answer(reply, outcome, { status: 200, name: wish.name });
    },
  );
}

function mountRemoval(scope: HttpDoor, { rules, log }: RuleRouteDeps): void {
  scope.delete<One & { Querystring: { version: number } }>(
    `${root}/:id`,
    { config: operator, schema: { params: RuleParams, querystring: RuleRemovalQuestion } },
    async (request, reply) => {
      const { id } = request.params;
      const by = actorOf(request).name;
      const outcome = await rules.remove(id, { version: request.query.version, by });
      if (outcome.kind !== "changed") return answer(reply, outcome, { status: 204, name: "" });
      log.info({ rule: id, by }, "rule removed");
      return reply.code(204).send();
    },
  );
}

function answer(
  reply: FastifyReply,
  outcome: RuleOutcome,
  { status, name }: { status: number; name: string },
): FastifyReply {
  switch (outcome.kind) {
    case "changed":
      return reply.code(status).send({ rule: outcome.rule });
    case "unknown":
      return refuse(reply, 404, unknown);
    case "name-taken":
      return refuse(reply, 409, {
        code: "NAME_TAKEN",
        reason: `there is a rule “${name}” already; choose another name`,
      });
    case "stale": {
      const reason = `rule “${outcome.rule.name}” has changed; its version is ${outcome.rule.version} now: look again, then decide`;
      return refuse(reply, 409, { code: "RULE_STALE", reason });
    }
  }
}

const noNull = "a condition has numbers for limits, or leaves them out; null is none";
const unknown = { code: "RULE_UNKNOWN", reason: "there is no such rule" };
