import { hashOf, newSecret } from "../platform/access/callers.ts";
import type { EmbedStore } from "../platform/access/embed-ports.ts";
import type { Config } from "../platform/config.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Log } from "../platform/telemetry.ts";
import {
  EmbedsAnswer,
  EmbedsQuestion,
  embedTokenPrefix,
  NewEmbedAnswer,
  NewEmbedBody,
} from "../schema/embed.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

export interface EmbedRouteDeps {
  readonly config: Pick<Config, "EMBED_ORIGINS">;
  readonly embeds: EmbedStore;
  readonly log: Log;
}

const root = "/api/v1/embeds";
const admin = { needs: "admin", isForPeople: true } as const;

/** Puts the charts that pages elsewhere may show on a door, for admins: each gives somebody outside something to read. */
export async function mountEmbeds(door: HttpDoor, { config, embeds, log }: EmbedRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    scope.get<{ Querystring: EmbedsQuestion }>(
      root,
      { config: admin, schema: { querystring: EmbedsQuestion, response: { 200: EmbedsAnswer } } },
      async ({ query }) => ({ embeds: await embeds.list(query.device), origins: config.EMBED_ORIGINS }),
    );
    scope.post<{ Body: NewEmbedBody }>(
      root,
      { config: admin, schema: { body: NewEmbedBody, response: { 201: NewEmbedAnswer } } },
      async (request, reply) => {
        const secret = embedTokenPrefix + newSecret();
        const by = actorOf(request).name;
        const embed = await embeds.add({ ...request.body, hash: hashOf(secret) }, by);
        log.info({ embed: embed.id, deviceId: embed.deviceId, by }, "chart given away");
        return reply.code(201).send({ embed, secret });
      },
    );
    scope.delete<{ Params: { id: string } }>(`${root}/:id`, { config: admin }, async (request, reply) => {
      const { id } = request.params;
      const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
      const by = actorOf(request).name;
      if (!isUuid || !(await embeds.revoke(id, by))) return refuse(reply, 404, unknown);
      log.info({ embed: id, by }, "chart taken back");
      return reply.code(204).send();
    });
    done();
  });
}

const unknown = { code: "EMBED_UNKNOWN", reason: "there is no such embedded chart" };
