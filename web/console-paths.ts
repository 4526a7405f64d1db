import type { FastifyRequest } from "fastify";
import type { HttpDoor } from "../platform/http/http-server.ts";

/** The pages of the console, as `web/client/shell/routes.ts` has them: all are the same file, which looks at its address. */
const pages = ["/devices", "/devices/:id", "/alarms", "/alarms/:id", "/models", "/ops", "/settings"];

/**
 * Answers the addresses of the console's pages with the console, so that they can be opened, reloaded and sent to others. Whoever follows
 * another address gets it too, with 404: it says that there is no such page. Programs are answered with JSON.
 */
export function mountConsolePages(door: HttpDoor): void {
  for (const page of pages) door.get(page, (_request, reply) => reply.sendFile("index.html"));
  door.addHook("preHandler", async (request, reply) => {
    if (request.is404 && isLookedAt(request)) return reply.code(404).sendFile("index.html");
  });
}

function isLookedAt({ method, headers, url }: FastifyRequest): boolean {
  return (
    method === "GET" && headers.accept?.includes("text/html") === true && !/^\/(api|docs|embed)\//.test(url)
  );
}

/** The charts of one device for pages elsewhere. The only page that may be framed, and by these origins alone. */
export function mountEmbedPage(door: HttpDoor, framedBy: readonly string[]): void {
  door.get("/embed/device/:id", { config: { framedBy } }, (_request, reply) => reply.sendFile("embed.html"));
}
