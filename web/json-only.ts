import type { HttpDoor } from "../platform/http-server.ts";
import { readJsonBodies } from "./json-bodies.ts";

/** A page of another site may make a browser send forms and plain text, with or without a body, but not this content type. */
export function takeOnlyJson(scope: HttpDoor): void {
  readJsonBodies(scope);
  scope.addHook("onRequest", async (request, reply) => {
    const isJson = /^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "");
    if (request.method !== "POST" || isJson) return;
    const error = "the body must be JSON; send Content-Type: application/json";
    await reply.code(415).send({ error, code: "CONTENT_TYPE_INVALID" });
  });
}
