import type { FastifyReply } from "fastify";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type {
  ModelObjection,
  ModelOrder,
  ModelOutcome,
  RegistryStore,
} from "../platform/models/model-ports.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  ModelBodies,
  ModelChangedAnswer,
  ModelDeviceParams,
  ModelDeviceQuestion,
  ModelsAnswer,
  ModelTypeAnswer,
  ModelTypeParams,
  ModelVersionAnswer,
  ModelVersionParams,
  type ModelWish,
} from "../schema/model.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";

export interface ModelRouteDeps {
  readonly registry: RegistryStore;
  readonly log: Log;
}

const root = "/api/v1/models";
const viewer = { needs: "viewer" } as const;
const operator = { needs: "operator" } as const;

interface TypeParams {
  readonly type: string;
}

/** Puts the registry of models on a door: to look at, and what operators do about it. */
export async function mountModels(door: HttpDoor, deps: ModelRouteDeps): Promise<void> {
  // A scope of its own, since its body parser is not for the other routes of a shared door.
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountLooks(scope, deps);
    for (const kind of ["promote", "rollback", "pin", "unpin"] as const) mountChange(scope, deps, kind);
    mountTraining(scope, deps);
    mountOverrides(scope, deps);
    done();
  });
}

function mountLooks(scope: HttpDoor, { registry }: ModelRouteDeps): void {
  scope.get(root, { config: viewer, schema: { response: { 200: ModelsAnswer } } }, async () => ({
    types: await registry.types(),
  }));
  scope.get<{ Params: TypeParams }>(
    `${root}/:type`,
    { config: viewer, schema: { params: ModelTypeParams, response: { 200: ModelTypeAnswer } } },
    async ({ params }, reply) => (await registry.type(params.type)) ?? refuse(reply, "type-unknown"),
  );
  scope.get<{ Params: TypeParams & { version: number } }>(
    `${root}/:type/versions/:version`,
    { config: viewer, schema: { params: ModelVersionParams, response: { 200: ModelVersionAnswer } } },
    async ({ params }, reply) => {
      const model = await registry.version(params.type, params.version);
      return model === null ? refuse(reply, "version-unknown") : { model };
    },
  );
}

function mountChange(
  scope: HttpDoor,
  deps: ModelRouteDeps,
  kind: "promote" | "rollback" | "pin" | "unpin",
): void {
  scope.post<{ Params: TypeParams; Body: { revision: number; version?: number } }>(
    `${root}/:type/${kind}`,
    {
      config: operator,
      schema: { params: ModelTypeParams, body: ModelBodies[kind], response: { 200: ModelChangedAnswer } },
    },
    async (request, reply) => {
      const { revision, version = 0 } = request.body;
      const wish: ModelWish = kind === "promote" ? { kind, version } : { kind };
      const order = { sensorType: request.params.type, wish, revision, by: actorOf(request).name };
      return answer(reply, await change(deps, order));
    },
  );
}

function mountTraining(scope: HttpDoor, { registry, log }: ModelRouteDeps): void {
  scope.post<{ Params: TypeParams; Body: { version?: number } }>(
    `${root}/:type/train`,
    {
      config: operator,
      schema: { params: ModelTypeParams, body: ModelBodies.train, response: { 202: ModelChangedAnswer } },
    },
    async (request, reply) => {
      const { type } = request.params;
      const { version = null } = request.body;
      const by = actorOf(request).name;
      const outcome = await registry.train(type, { version, by });
      if (outcome.kind === "changed") log.info({ sensorType: type, version, by }, "training ordered");
      return answer(reply, outcome, 202);
    },
  );
}

function mountOverrides(scope: HttpDoor, deps: ModelRouteDeps): void {
  const path = `${root}/:type/devices/:deviceId`;
  type Params = TypeParams & { deviceId: string };
  scope.put<{ Params: Params; Body: { revision: number; version: number } }>(
    path,
    {
      config: operator,
      schema: { params: ModelDeviceParams, body: ModelBodies.device, response: { 200: ModelChangedAnswer } },
    },
    async (request, reply) => {
      const { type: sensorType, deviceId } = request.params;
      const { revision, version } = request.body;
      const wish = { kind: "override", deviceId, version } as const;
      return answer(reply, await change(deps, { sensorType, wish, revision, by: actorOf(request).name }));
    },
  );
  scope.delete<{ Params: Params; Querystring: { revision: number } }>(
    path,
    {
      config: operator,
      schema: {
        params: ModelDeviceParams,
        querystring: ModelDeviceQuestion,
        response: { 200: ModelChangedAnswer },
      },
    },
    async (request, reply) => {
      const { type: sensorType, deviceId } = request.params;
      const { revision } = request.query;
      const wish = { kind: "release", deviceId } as const;
      return answer(reply, await change(deps, { sensorType, wish, revision, by: actorOf(request).name }));
    },
  );
}

async function change({ registry, log }: ModelRouteDeps, order: ModelOrder): Promise<ModelOutcome> {
  const outcome = await registry.change(order);
  if (outcome.kind === "changed") {
    const { judging, revision } = outcome.type;
    const { sensorType, wish, by } = order;
    log.info({ sensorType, ...wish, judging, revision, by }, "models changed");
  }
  return outcome;
}

function answer(reply: FastifyReply, outcome: ModelOutcome, status: 200 | 202 = 200): FastifyReply {
  switch (outcome.kind) {
    case "changed":
      return reply.code(status).send({ type: outcome.type });
    case "stale": {
      const reason = `the models of the type have changed; its revision is ${outcome.type.revision} now: look again, then decide`;
      return reply.code(409).send({ error: reason, code: "MODEL_STALE" });
    }
    default:
      return refuse(reply, outcome.kind);
  }
}

const refusals: Readonly<Record<ModelObjection, readonly [status: 404 | 409, code: string, reason: string]>> =
  {
    "type-unknown": [404, "MODEL_TYPE_UNKNOWN", "nothing is known of such a sensor type"],
    "version-unknown": [404, "MODEL_UNKNOWN", "there is no such version"],
    "no-override": [404, "MODEL_OVERRIDE_UNKNOWN", "this device is judged as its type is"],
    "is-active": [409, "MODEL_ACTIVE", "this version is active already"],
    "nothing-before": [409, "MODEL_NONE_BEFORE", "nothing was active before it"],
    "not-kept": [
      409,
      "MODEL_NOT_KEPT",
      'its compiled model is not kept any more; grow it again first: POST …/train {"version": n}',
    ],
    "is-ordered": [409, "MODEL_TRAINING", "a training of this type is ordered and not done yet"],
    "not-repeatable": [
      409,
      "MODEL_NOT_REPEATABLE",
      "it is from before the platform kept what versions learnt from, so it cannot be grown again",
    ],
  };

function refuse(reply: FastifyReply, objection: ModelObjection): FastifyReply {
  const [status, code, reason] = refusals[objection];
  return reply.code(status).send({ error: reason, code });
}
