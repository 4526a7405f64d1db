import type { RouteOptions } from "fastify";
import { beforeAll, describe, expect, test } from "vitest";
import { hashOf, openCallers } from "../platform/access/callers.ts";
import { listProxies } from "../platform/access/peer.ts";
import { readConfig, serviceNames } from "../platform/config.ts";
import { type HttpDoor, openHttpDoor } from "../platform/http/http-server.ts";
import { LimitNotices } from "../platform/limit-notices.ts";
import { openLog, openMetrics } from "../platform/telemetry.ts";
import { startWeb, type WebDeps } from "./service.ts";

const log = openLog({ level: "silent", format: "json" });
const proxies = listProxies(["192.0.2.7"]);
const json = { "content-type": "application/json" };
const none = () => Promise.resolve(null);

/** Knows a session and two tokens by the hashes of their own names. */
const people = {
  sessions: {
    find: async (hash: string) =>
      hash === hashOf("ada") ? ({ name: "ada", role: "operator" } as const) : null,
    forgetEnded: () => Promise.resolve(0),
  },
  tokens: {
    find: async (hash: string) => {
      const token = { name: "ci", role: "admin", isReadOnly: false, paths: null } as const;
      if (hash === hashOf("all")) return token;
      return hash === hashOf("reads") ? { ...token, isReadOnly: true } : null;
    },
    list: () => Promise.resolve([]),
  },
  embeds: {
    find: async (hash: string) =>
      hash === hashOf("tme_press") ? ({ deviceId: "press-1", label: "board" } as const) : null,
    list: () => Promise.resolve([]),
  },
  operators: { offerFirstAdmin: none, list: () => Promise.resolve([]) },
  audit: { list: () => Promise.resolve([]) },
};

/** The operators' side with all its routes, and nothing behind them. */
async function openWeb(access: "open" | "credentials") {
  const config = readConfig(serviceNames, { ACCESS: access });
  const metrics = openMetrics();
  const notices = new LimitNotices({ log, metrics });
  const door = openHttpDoor({ log, config, proxies, notices });
  const routes: RouteOptions[] = [];
  door.addHook("onRoute", (route) => void routes.push(route));
  const isOpen = access === "open";
  // As much of the stores as these requests reach: they are refused before the rest.
  const stubs = {
    ...people,
    config,
    door,
    log,
    metrics,
    now: () => 0,
    doors: () => ({ mqttHost: "", mqttPort: 1, httpUrl: "", needsCredentials: false, needsKey: false }),
    events: { subscribe: async () => ({ stop: () => Promise.resolve() }) },
  };
  const deps = stubs as unknown as Omit<WebDeps, "callers">;
  const web = await startWeb({ ...deps, callers: openCallers({ ...deps, isOpen, proxies }) });
  // The last word of this route is missing.
  door.get("/api/v1/forgotten", () => "secrets");
  await door.ready();
  return { door, routes, stop: web.stop };
}

describe("every route under /api/v1", () => {
  let door: HttpDoor;
  let routes: readonly RouteOptions[];
  beforeAll(async () => {
    ({ door, routes } = await openWeb("credentials"));
    return () => door.close();
  });

  const ours = () =>
    routes
      .filter(({ url }) => url.startsWith("/api/v1/") && url !== "/api/v1/forgotten")
      .flatMap(({ method, url, config }) => [method].flat().map((one) => ({ method: one, url, config })));

  test("says who may use it", () => {
    expect(ours().length).toBeGreaterThan(20);
    const undeclared = ours().filter(
      ({ config }) => (config?.needs === undefined) !== (config?.isOpen === true),
    );
    expect(undeclared).toEqual([]);
    const open = ours().filter(({ config }) => config?.isOpen === true);
    expect(open.map(({ url }) => url).sort()).toEqual([
      "/api/v1/claim",
      "/api/v1/first-admin",
      "/api/v1/login",
      "/api/v1/logout",
    ]);
  });

  test("is for nobody who shows nothing, or something forged", async () => {
    for (const { method, url, config } of ours().filter((route) => route.config?.isOpen !== true)) {
      const headers = { "content-type": config?.takes ?? "application/json" };
      // Fastify's word for a method is wider than that of its own test double.
      const question = { method: method as "GET", url: url.replaceAll(/:\w+/g, "x"), headers };
      expect([method, url, (await door.inject(question)).statusCode]).toEqual([method, url, 401]);
      const forged = { ...question, headers: { ...headers, cookie: "tidemark=forged" } };
      expect([method, url, (await door.inject(forged)).statusCode]).toEqual([method, url, 401]);
    }
  });

  test("that changes something is not for viewers, nor for tokens that only read", () => {
    const loose = ours().filter(
      ({ method, url, config }) =>
        method !== "GET" && method !== "HEAD" && config?.needs === "viewer" && url !== "/api/v1/me/password",
    );
    // Everybody keeps views of their own; a token that only reads does not.
    const own = ["/api/v1/views", "/api/v1/views/:id"];
    expect(loose.filter(({ url }) => !own.includes(url))).toEqual([]);
  });

  test("is closed to the token of an embedded chart, but for what its own device measured", async () => {
    const statusOf = async (method: string, url: string, takes = "application/json") => {
      const headers = { authorization: "Bearer tme_press", "content-type": takes };
      const question = { method: method as "GET", url: url.replaceAll(/:\w+/g, "x"), headers };
      return (await door.inject(question)).statusCode;
    };
    for (const { method, url, config } of ours().filter((route) => route.config?.isOpen !== true)) {
      expect(config?.isForEmbeds).toBe(/\/(history|readings)$/.test(url) ? true : undefined);
      for (const query of ["from=0", "from=0&device=oven-1"])
        expect([method, url, await statusOf(method, `${url}?${query}`, config?.takes)]).toEqual([
          method,
          url,
          403,
        ]);
    }
    for (const path of ["/api/v1/history?from=0&", "/api/v1/readings?"]) {
      expect(await statusOf("GET", `${path}device=press-1&device=oven-1`)).toBe(403);
      expect(await statusOf("GET", `${path}device=`)).toBe(403);
      // Let in: what fails then is the range, or the store that is not there.
      expect([400, 500]).toContain(await statusOf("GET", `${path}device=press-1&device=press-1`));
    }
  });
});

test("the token of an embedded chart opens no more where nobody is asked, and nothing once it is revoked", async () => {
  const { door } = await openWeb("open");
  const statusOf = async (token: string, url: string) =>
    (await door.inject({ url, headers: { authorization: `Bearer ${token}` } })).statusCode;
  expect(await statusOf("tme_press", "/api/v1/me")).toBe(403);
  expect(await statusOf("tme_press", "/api/v1/history?from=0&device=oven-1")).toBe(403);
  const other = {
    url: "/api/v1/history?from=0&device=oven-1",
    headers: { authorization: "Bearer tme_press" },
  };
  expect((await door.inject(other)).json()).toMatchObject({
    code: "FORBIDDEN",
    error: expect.stringContaining("this token is for what press-1 measured"),
  });
  expect(await statusOf("tme_revoked", "/api/v1/history?from=0&device=press-1")).toBe(401);
  expect((await door.inject("/api/v1/me")).statusCode).toBe(200);
  await door.close();
});

describe("the guard", () => {
  let door: HttpDoor;
  beforeAll(async () => {
    ({ door } = await openWeb("credentials"));
    return () => door.close();
  });

  const ask = async (
    url: string,
    headers: Record<string, string>,
    method: "GET" | "POST" | "PATCH" = "GET",
  ) => {
    const answer = await door.inject({
      method,
      url,
      headers,
      ...(method === "POST" ? { payload: "{}" } : {}),
    });
    return [answer.statusCode, answer.statusCode < 400 ? undefined : answer.json<{ code: string }>().code];
  };
  const cookie = { cookie: "other=1; tidemark=ada" };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test("opens a route that says nothing of itself to nobody", async () => {
    expect(await ask("/api/v1/forgotten", cookie)).toEqual([403, "FORBIDDEN"]);
    expect(await ask("/api/v1/forgotten", bearer("all"))).toEqual([403, "FORBIDDEN"]);
  });

  test("knows a session by its cookie, and a program by its token", async () => {
    expect((await door.inject({ url: "/api/v1/me", headers: cookie })).json()).toEqual({
      name: "ada",
      role: "operator",
      kind: "operator",
    });
    expect((await door.inject({ url: "/api/v1/me", headers: bearer("all") })).json()).toMatchObject({
      kind: "token",
    });
    // A token that is wrong is not made good by a cookie beside it.
    expect(await ask("/api/v1/me", { ...cookie, ...bearer("wrong") })).toEqual([401, "UNAUTHENTICATED"]);
  });

  test("holds a role to what it may", async () => {
    expect(await ask("/api/v1/audit", cookie)).toEqual([403, "FORBIDDEN"]);
    expect(await ask("/api/v1/audit", bearer("all"))).toEqual([200, undefined]);
    expect(await ask("/api/v1/audit", bearer("reads"))).toEqual([200, undefined]);
    expect(await ask("/api/v1/operators", bearer("all"))).toEqual([403, "FORBIDDEN"]);
    expect(await ask("/api/v1/rejected/replay", { ...json, ...bearer("reads") }, "POST")).toEqual([
      403,
      "FORBIDDEN",
    ]);
  });

  test("takes no change from a page of another site", async () => {
    const change = (headers: Record<string, string>) =>
      ask("/api/v1/rejected/replay", { ...json, ...headers }, "POST");
    const crossSite = [403, "CROSS_SITE"];
    expect(await change({ ...cookie, "sec-fetch-site": "cross-site" })).toEqual(crossSite);
    expect(await change({ ...cookie, "sec-fetch-site": "same-site" })).toEqual(crossSite);
    expect(await change({ ...cookie, origin: "http://evil.example", host: "plant.example" })).toEqual(
      crossSite,
    );
    // Whom they let in, these found fault with the body.
    expect((await change({ ...cookie, origin: "http://plant.example", host: "plant.example" }))[0]).toBe(400);
    expect((await change({ ...bearer("all"), origin: "http://evil.example" }))[0]).toBe(400);
    // What a form can send.
    const form = { "content-type": "application/x-www-form-urlencoded", ...cookie };
    expect(await ask("/api/v1/rejected/replay", form, "POST")).toEqual([415, "CONTENT_TYPE_INVALID"]);
    expect(await ask("/api/v1/login", { ...json, "sec-fetch-site": "cross-site" }, "POST")).toEqual(
      crossSite,
    );
  });

  test("wants the cookie that is bound to TLS where a trusted proxy says there is TLS", async () => {
    const { door: proxied } = await openWeb("credentials");
    const secure = async (cookies: string, remoteAddress: string) =>
      (
        await proxied.inject({
          url: "/api/v1/me",
          headers: { cookie: cookies, "x-forwarded-proto": "https" },
          remoteAddress,
        })
      ).statusCode;
    expect(await secure("__Host-tidemark=ada", "192.0.2.7")).toBe(200);
    expect(await secure("tidemark=ada", "192.0.2.7")).toBe(401);
    expect(await secure("tidemark=ada", "192.0.2.8")).toBe(200);
    await proxied.close();
  });

  test("keeps answers out of caches, and tells browsers how little they may do", async () => {
    for (const url of ["/api/v1/me", "/api/v1/nothing", "/nothing", "/"]) {
      const { headers } = await door.inject({ url });
      expect(headers).toMatchObject({
        "content-security-policy": expect.stringMatching(/default-src 'self';.*frame-ancestors 'none'/),
        "x-content-type-options": "nosniff",
        "permissions-policy": expect.stringContaining("camera=()"),
      });
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(headers).not.toHaveProperty("strict-transport-security");
    }
    const { headers } = await door.inject({ url: "/api/v1/me" });
    expect(headers["cache-control"]).toBe("no-store");
    const known = await door.inject({ url: "/api/v1/me", headers: { authorization: "Bearer all" } });
    expect([known.statusCode, known.headers["cache-control"]]).toEqual([200, "private, no-cache"]);
    const tls = { "x-forwarded-proto": "https", host: "plant.example" };
    const secure = await door.inject({ url: "/", headers: tls, remoteAddress: "192.0.2.7" });
    expect(secure.headers["strict-transport-security"]).toBe("max-age=31536000");
    expect(secure.headers["content-security-policy"]).toContain("wss://plant.example;");
  });
});

test("where nobody is asked, anyone is an admin, nobody can be made one, and other sites change nothing all the same", async () => {
  const { door } = await openWeb("open");
  expect((await door.inject({ url: "/api/v1/me" })).json()).toEqual({
    name: "anyone",
    role: "admin",
    kind: "anyone",
  });
  expect((await door.inject({ url: "/api/v1/operators" })).statusCode).toBe(404);
  expect((await door.inject({ url: "/api/v1/forgotten" })).statusCode).toBe(403);
  const headers = { ...json, "sec-fetch-site": "cross-site" };
  const answer = await door.inject({
    method: "POST",
    url: "/api/v1/rejected/discard",
    headers,
    payload: "{}",
  });
  expect(answer.json()).toMatchObject({ code: "CROSS_SITE" });
  await door.close();
});
