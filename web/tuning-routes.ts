import type { FastifyReply } from "fastify";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { TuningOutcome, TuningStore } from "../platform/models/tuning-ports.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  ApplyBody,
  PreviewAnswer,
  PreviewBody,
  PreviewParams,
  RollbackBody,
  TuningAnswer,
  TuningsAnswer,
} from "../schema/tuning.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

export interface TuningRouteDeps {
  readonly tunings: TuningStore;
  readonly log: Log;
}

const root = "/api/v1/tunings";
const viewer = { needs: "viewer" } as const;
const operator = { needs: "operator" } as const;

/** Puts the tunings on a door: what they are, what another one would have changed, to make it come true, and to take it back. */
export async function mountTunings(door: HttpDoor, deps: TuningRouteDeps): Promise<void> {
  // A scope of its own, since its body parser is not for the other routes of a shared door.
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountLooks(scope, deps);
    mountPreview(scope, deps);
    mountChanges(scope, deps);
    done();
  });
}

function mountLooks(scope: HttpDoor, { tunings }: TuningRouteDeps): void {
  scope.get(root, { config: viewer, schema: { response: { 200: TuningsAnswer } } }, async () => ({
    tunings: await tunings.current(),
  }));
  scope.get<{ Params: { id: number } }>(
    `${root}/previews/:id`,
    { config: viewer, schema: { params: PreviewParams, response: { 200: PreviewAnswer } } },
    async ({ params: { id } }, reply) => {
      const preview = await tunings.preview(id);
      return preview === null ? refuse(reply, 404, unknown) : { preview };
    },
  );
}

function mountPreview(scope: HttpDoor, { tunings }: TuningRouteDeps): void {
  scope.post<{ Body: PreviewBody }>(
    `${root}/preview`,
    { config: operator, schema: { body: PreviewBody, response: { 202: PreviewAnswer } } },
    async (request, reply) => {
      const { sensorType, deviceId = null, wish = null, days } = request.body;
      const by = actorOf(request).name;
      const preview = await tunings.ask({ sensorType, deviceId, wish, days, by });
      return reply.code(202).header("Location", `${root}/previews/${preview.id}`).send({ preview });
    },
  );
}

function mountChanges(scope: HttpDoor, { tunings, log }: TuningRouteDeps): void {
  const answer = (reply: FastifyReply, outcome: TuningOutcome): FastifyReply => {
    if (outcome.kind !== "changed") return refused(reply, outcome.kind);
    const { id, sensorType, deviceId: device, tuning, by } = outcome.tuning;
    log.info({ tuning: id, sensorType, device, to: tuning, by }, "tuning changed");
    return reply.code(200).send({ tuning: outcome.tuning });
  };
  scope.post<{ Body: { preview: number } }>(
    root,
    { config: operator, schema: { body: ApplyBody, response: { 200: TuningAnswer } } },
    async (request, reply) => answer(reply, await tunings.apply(request.body.preview, actorOf(request).name)),
  );
  scope.post<{ Body: { id: number } }>(
    `${root}/rollback`,
    { config: operator, schema: { body: RollbackBody, response: { 200: TuningAnswer } } },
    async (request, reply) => answer(reply, await tunings.rollBack(request.body.id, actorOf(request).name)),
  );
}

const unknown = { code: "TUNING_UNKNOWN", reason: "there is no such tuning or preview" };

function refused(reply: FastifyReply, kind: Exclude<TuningOutcome["kind"], "changed">): FastifyReply {
  switch (kind) {
    case "unknown":
      return refuse(reply, 404, unknown);
    case "unfinished":
      return refuse(reply, 409, {
        code: "PREVIEW_UNFINISHED",
        reason: "the preview has no outcome: wait for it, or ask for another one",
      });
    case "stale":
      return refuse(reply, 409, {
        code: "TUNING_STALE",
        reason: "the tuning was changed meanwhile: look again, then decide",
      });
  }
}
