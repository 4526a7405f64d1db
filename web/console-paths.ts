import type { HttpDoor } from "../platform/http/http-server.ts";

/** The pages of the console, as `web/client/shell/routes.ts` has them: all are the same file, which looks at its address. */
const pages = ["/devices", "/devices/:id", "/alarms", "/alarms/:id", "/models", "/ops", "/settings"];

/** Answers the addresses of the console's pages with the console, so that they can be opened, reloaded and sent to others. */
export function mountConsolePages(door: HttpDoor): void {
  for (const page of pages) door.get(page, (_request, reply) => reply.sendFile("index.html"));
}

/** The charts of one device for pages elsewhere. The only page that may be framed, and by these origins alone. */
export function mountEmbedPage(door: HttpDoor, framedBy: readonly string[]): void {
  door.get("/embed/device/:id", { config: { framedBy } }, (_request, reply) => reply.sendFile("embed.html"));
}
