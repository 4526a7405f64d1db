import type { FastifyReply, FastifyRequest } from "fastify";
import type { SavedViewStore, ViewKeeper, ViewOutcome } from "../platform/console/view-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import { reaches } from "../schema/access.ts";
import {
  NewViewBody,
  savedViewLimit,
  ViewAnswer,
  ViewChangeBody,
  ViewParams,
  ViewsAnswer,
  ViewsQuestion,
} from "../schema/saved-view.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

const root = "/api/v1/views";
const config = { needs: "viewer" } as const;

interface One {
  Params: { id: number };
}

/** Puts saved views on a door: everybody keeps their own, operators share. */
export async function mountViews(
  door: HttpDoor,
  { savedViews: views }: { readonly savedViews: SavedViewStore },
): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    scope.get<{ Querystring: ViewsQuestion }>(
      root,
      { config, schema: { querystring: ViewsQuestion, response: { 200: ViewsAnswer } } },
      async (request) => ({ views: await views.list(request.query.page, actorOf(request).name) }),
    );
    scope.post<{ Body: NewViewBody }>(
      root,
      { config, schema: { body: NewViewBody, response: { 201: ViewAnswer } } },
      async (request, reply) => answer(reply, 201, await views.add(request.body, keeperOf(request))),
    );
    scope.patch<One & { Body: ViewChangeBody }>(
      `${root}/:id`,
      { config, schema: { params: ViewParams, body: ViewChangeBody, response: { 200: ViewAnswer } } },
      async (request, reply) => {
        const { params, body } = request;
        return answer(reply, 200, await views.change(params.id, body, keeperOf(request)));
      },
    );
    scope.delete<One>(`${root}/:id`, { config, schema: { params: ViewParams } }, async (request, reply) => {
      const outcome = await views.remove(request.params.id, keeperOf(request));
      return outcome.kind === "done" ? reply.code(204).send() : answer(reply, 204, outcome);
    });
    done();
  });
}

function keeperOf(request: FastifyRequest): ViewKeeper {
  const { name, role } = actorOf(request);
  return { name, mayShare: reaches(role, "operator"), mayTidy: reaches(role, "admin") };
}

function answer(reply: FastifyReply, status: number, outcome: ViewOutcome): FastifyReply {
  switch (outcome.kind) {
    case "done":
      return reply.code(status).send({ view: outcome.view });
    case "unknown":
      return refuse(reply, 404, { code: "VIEW_UNKNOWN", reason: "there is no such view" });
    case "name-taken": {
      const reason = "there is a view of this name already; choose another one";
      return refuse(reply, 409, { code: "NAME_TAKEN", reason });
    }
    case "too-many": {
      const reason = `${savedViewLimit} views are kept of a page; remove one first`;
      return refuse(reply, 409, { code: "VIEWS_TOO_MANY", reason });
    }
    case "forbidden": {
      const reason = "operators share views, and only its owner or an admin changes a shared one";
      return refuse(reply, 403, { code: "FORBIDDEN", reason });
    }
  }
}
