import type { HttpDoor } from "../platform/http/http-server.ts";

/** Reads bodies as JSON and nothing else, and the lack of one as an empty object: routes that name everything in their path need none. */
export function readJsonBodies(scope: HttpDoor): void {
  scope.removeAllContentTypeParsers();
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body.length === 0) done(null, {});
    else void parse(request, String(body), done);
  });
}
