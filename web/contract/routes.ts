import { readFileSync } from "node:fs";
import type { HttpDoor } from "../../platform/http/http-server.ts";
import type { DoorsAnswer } from "../../schema/api.ts";
import { toAsyncApi } from "./asyncapi.ts";
import { legacyRoutes } from "./legacy.ts";
import { type Described, type Json, type Route, toOpenApi } from "./openapi.ts";
import { pageStyle, toPage } from "./page.ts";
import { saidOfRoutes } from "./said.ts";

const root = "/api/v1/";

/** The routes that were put on a door since it was watched. */
export interface Watched {
  readonly routes: readonly Route[];
}

/** Remembers what is put on a door from now on below `/api/v1`. */
export function watchRoutes(door: HttpDoor): Watched {
  const routes: Route[] = [];
  door.addHook("onRoute", ({ method, url, schema, config }) => {
    for (const one of [method].flat()) {
      // Fastify adds a HEAD to every GET.
      if (one === "HEAD" || !url.startsWith(root)) continue;
      const { needs, isOpen, isForPeople, takes } = config ?? {};
      routes.push({ method: one, url, schema, access: { needs, isOpen, isForPeople, takes } });
    }
  });
  return { routes };
}

/** The routes in the order of the contract; those that it says nothing of are left out, and a test finds them. */
export function described({ routes }: Watched): readonly Described[] {
  const places = new Map(routes.map((route) => [`${route.method} ${route.url}`, route]));
  return [...saidOfRoutes].flatMap(([key, said]) => {
    const route = places.get(key);
    return route === undefined ? [] : [{ route, said }];
  });
}

/** Puts on a door what the platform speaks: for programs, and as a page for people. To be called when all routes are on it. */
export function mountContract(door: HttpDoor, watched: Watched, doors: () => DoorsAnswer): void {
  const version = platformVersion();
  const openApi = once((): Json => {
    const { httpUrl } = doors();
    return toOpenApi([...described(watched), ...legacyRoutes(httpUrl)], { version });
  });
  const asyncApi = (web: string): Json => {
    const { mqttHost, mqttPort } = doors();
    return toAsyncApi({ version, mqtt: `${mqttHost}:${mqttPort}`, web });
  };
  const unguarded = { isOpen: true } as const;
  door.get("/docs/openapi.json", { config: unguarded }, () => openApi());
  door.get("/docs/asyncapi.json", { config: unguarded }, ({ host }) => asyncApi(host));
  door.get("/docs/docs.css", { config: unguarded }, (_request, reply) =>
    reply.type("text/css; charset=utf-8").send(pageStyle),
  );
  door.get("/docs", { config: unguarded }, ({ host }, reply) =>
    reply.type("text/html; charset=utf-8").send(toPage(openApi(), asyncApi(host))),
  );
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Of package.json, which lies beside the sources and beside dist. */
function platformVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (name === "tidemark") return String(version);
    } catch {
      // The other one.
    }
  }
  return "0";
}
