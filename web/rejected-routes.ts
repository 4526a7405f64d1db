import type { HttpDoor } from "../platform/http/http-server.ts";
import type { RejectionGroup, RejectionPlace } from "../platform/ports.ts";
import {
  DiscardAnswer,
  RejectedAnswer,
  RejectedChoice,
  RejectedQuestion,
  ReplayAnswer,
  rejectionBatchLimit,
} from "../schema/api.ts";
import type { Rejection } from "../schema/rejection.ts";
import { isCut } from "../schema/replay.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";
import { fault, type ReplayDeps, type ReplayWork, replay, tryAgain } from "./replay.ts";

const root = "/api/v1/rejected";
/** Of whatever changes something. */
const config = { needs: "operator" } as const;

type OfCode = Exclude<RejectedChoice, { ids: readonly string[] }>;

/** Puts the refused messages on a door: to list, to replay, to discard. */
export async function mountRejected(door: HttpDoor, deps: ReplayDeps): Promise<void> {
  // A scope of its own, since its body parser is not for the other routes of a shared door.
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountList(scope, deps);
    mountMany(scope, deps);
    mountOne(scope, deps);
    done();
  });
}

function mountList(scope: HttpDoor, deps: ReplayDeps): void {
  scope.get<{ Querystring: RejectedQuestion }>(
    root,
    {
      config: { needs: "viewer" },
      schema: { querystring: RejectedQuestion, response: { 200: RejectedAnswer } },
    },
    async ({ query }) => {
      const { limit, before, code, device: deviceId } = query;
      const [page, codes] = await Promise.all([
        // One more than asked for tells whether there is a next page.
        deps.rejections.list({ code, deviceId, before: placeOf(before), limit: limit + 1 }),
        deps.rejections.summary({ deviceId }),
      ]);
      const listed = page.slice(0, limit);
      return {
        rejected: listed.map((rejection) => toItem(rejection, deps)),
        next: page.length > limit ? cursorOf(listed.at(-1)) : null,
        codes,
      };
    },
  );
}

function toItem(rejection: Rejection, deps: ReplayDeps): RejectedAnswer["rejected"][number] {
  const again = tryAgain(rejection, deps);
  const item = { ...rejection, isCut: isCut(rejection) };
  if (again.kind === "readings") return { ...item, isReplayable: true };
  return { ...item, isReplayable: false, whyNot: fault(again).reason };
}

function mountMany(scope: HttpDoor, deps: ReplayDeps): void {
  const { rejections, log } = deps;
  scope.post<{ Body: RejectedChoice }>(
    `${root}/replay`,
    { config, schema: { body: RejectedChoice, response: { 200: ReplayAnswer } } },
    async (request) => {
      const { body } = request;
      const own = { ...deps, by: actorOf(request).name };
      return "ids" in body ? replayThese(body.ids, own) : replayOldest(body, own);
    },
  );
  scope.post<{ Body: RejectedChoice }>(
    `${root}/discard`,
    { config, schema: { body: RejectedChoice, response: { 200: DiscardAnswer } } },
    async (request) => {
      const { body } = request;
      const by = actorOf(request).name;
      if ("ids" in body) {
        const discarded = await rejections.remove(body.ids, { action: "rejected.discard", by });
        log.info({ discarded }, "rejections discarded");
        return { discarded, left: 0 };
      }
      const group = groupOf(body);
      const discarded = await rejections.discardOldest({ ...group, limit: rejectionBatchLimit }, by);
      log.info({ discarded, code: body.code }, "rejections discarded");
      return { discarded, left: await countOf(group, deps) };
    },
  );
}

async function replayThese(ids: readonly string[], deps: ReplayWork): Promise<ReplayAnswer> {
  const wanted = new Set(ids.map((id) => id.toLowerCase()));
  const found = await deps.rejections.find([...wanted]);
  for (const { id } of found) wanted.delete(id);
  const { replayed, failed } = await replay(found, deps);
  const unknown = [...wanted].map((id) => ({ id, ...notKept }));
  return { replayed, failed: [...failed, ...unknown], left: failed.length, next: null };
}

async function replayOldest(choice: OfCode, deps: ReplayWork): Promise<ReplayAnswer> {
  const group = groupOf(choice);
  const page = await deps.rejections.oldest({
    ...group,
    after: placeOf(choice.after),
    limit: rejectionBatchLimit + 1,
  });
  const chosen = page.slice(0, rejectionBatchLimit);
  const { replayed, failed } = await replay(chosen, deps);
  const next = page.length > chosen.length ? cursorOf(chosen.at(-1)) : null;
  return { replayed, failed: [...failed], left: await countOf(group, deps), next };
}

function mountOne(scope: HttpDoor, deps: ReplayDeps): void {
  scope.post<{ Params: { id: string } }>(`${root}/:id/replay`, { config }, async (request, reply) => {
    const { params } = request;
    const [rejection] = isId(params.id) ? await deps.rejections.find([params.id]) : [];
    if (rejection === undefined) return refuse(reply, 404, notKept);
    const again = tryAgain(rejection, deps);
    if (again.kind === "impossible") return refuse(reply, 409, again.obstacle);
    const { replayed, failed } = await replay([rejection], { ...deps, by: actorOf(request).name });
    const [failure] = failed;
    return failure === undefined ? { replayed } : refuse(reply, 422, failure);
  });
  scope.delete<{ Params: { id: string } }>(`${root}/:id`, { config }, async (request, reply) => {
    const { id } = request.params;
    const why = { action: "rejected.discard", by: actorOf(request).name } as const;
    const discarded = isId(id) ? await deps.rejections.remove([id], why) : 0;
    if (discarded === 0) return refuse(reply, 404, notKept);
    deps.log.info({ discarded }, "rejections discarded");
    return reply.code(204).send();
  });
}

const notKept = {
  code: "REJECTION_UNKNOWN",
  reason: "no such rejection is kept; it was replayed or discarded, or is older than RETENTION_REJECTED_DAYS",
} as const;

function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

function groupOf({ code, device: deviceId, untilUs }: OfCode): RejectionGroup {
  return { code, deviceId, untilUs };
}

async function countOf(group: RejectionGroup, { rejections }: ReplayDeps): Promise<number> {
  const codes = await rejections.summary(group);
  return codes.reduce((sum, { count }) => sum + count, 0);
}

/** The schema has seen to the form. */
function placeOf(cursor: string | undefined): RejectionPlace | undefined {
  const [receivedUs = "", id = ""] = cursor?.split("_") ?? [];
  return cursor === undefined ? undefined : { receivedUs: Number(receivedUs), id };
}

function cursorOf(last: Rejection | undefined): string | null {
  return last === undefined ? null : `${last.receivedUs}_${last.id}`;
}
