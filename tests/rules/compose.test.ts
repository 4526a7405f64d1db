import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DCLinter } from "dclint";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readConfig, type ServiceName, serviceNames } from "../../platform/config.ts";
import { mostConnections } from "../../platform/database/database.ts";
import { holdsSecret, knownVariables } from "./env-names.ts";
import { at, isMapping, listAt, type Mapping, textAt } from "./kustomize.ts";

const text = readFileSync("docker-compose.yml", "utf8");
const services = Object.entries(servicesOf(text));
const ours = services.filter(([, service]) => at(service, "build") !== undefined);
const folder = mkdtempSync(join(tmpdir(), "tidemark-compose-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function servicesOf(source: string): Mapping {
  const found = at(parse(source, { merge: true }), "services");
  return isMapping(found) ? found : {};
}

function environmentOf(service: unknown): [string, string][] {
  const found = at(service, "environment");
  return isMapping(found) ? Object.entries(found).map(([name, value]) => [name, String(value)]) : [];
}

/** The file as compose sees it once .env has been read: defaults taken, required variables set to something. */
function interpolated(source: string): string {
  return source.replaceAll(
    /\$\{[A-Z_]+(?::([-?])([^}]*))?\}/g,
    (_, kind: string | undefined, rest: string) => (kind === "-" ? rest : "something"),
  );
}

// What .env says of these holds on the host, or nowhere.
const inside = ["ACCESS", "DATABASE_URL", "HOST", "MQTT_URL", "PLAIN_MQTT", "PROBE_PORT", "REDIS_URL"];
const listeners: Readonly<Record<ServiceName, readonly string[]>> = {
  broker: ["MQTT_PORT", "MQTT_WS_PORT", "MQTTS_PORT", "MQTT_WSS_PORT"],
  "gateway-http": ["HTTP_PORT"],
  processor: [],
  web: ["WEB_PORT"],
};

/** The environment of a service, when .env says this. */
function inContainer(name: ServiceName, dotEnv: Readonly<Record<string, string>>): Record<string, string> {
  const [, service] = ours.find(([own]) => own === name) ?? [];
  const files = listAt(service, "env_file").map((file) => textAt(file, "path"));
  const own = environmentOf(service).map(([key, value]) => [key, interpolated(value)]);
  return { ...(files.includes(".env") ? dotEnv : {}), ...Object.fromEntries(own) };
}

/** What .env says when it is .env.example. */
function exampleOfEnv(): Record<string, string> {
  const lines = readFileSync(".env.example", "utf8").matchAll(/^([A-Z_]+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
}

// Matters of taste (order, quotes) are off; what is left is the compose-spec schema and mistakes that run.
const taste = [
  "no-quotes-in-volumes",
  "require-quotes-in-ports",
  "service-dependencies-alphabetical-order",
  "service-image-require-explicit-tag",
  "service-keys-order",
  "service-ports-alphabetical-order",
  "services-alphabetical-order",
  "top-level-properties-order",
];

interface Complaints {
  readonly messages: readonly { readonly rule: string; readonly message: string }[];
}

function complaintsOf(source: string): string[] {
  const file = join(folder, "docker-compose.yml");
  writeFileSync(file, interpolated(source));
  const rules = Object.fromEntries(taste.map((name) => [name, 0 as const]));
  const linter = new DCLinter({
    rules: { ...rules, "no-build-and-image": 0 },
    quiet: false,
    debug: false,
    exclude: [],
  });
  // Its types are lost on the way: they name their neighbours without extensions.
  const results: readonly Complaints[] = linter.lintFiles([file], false);
  return results.flatMap(({ messages }) => messages).map(({ rule, message }) => `${rule}: ${message}`);
}

describe("docker-compose.yml", () => {
  test("is what the compose specification allows", () => {
    expect(complaintsOf(text)).toEqual([]);
  });

  test.each([
    ["a misspelt key", text.replace("restart:", "restrt:")],
    ["a port published twice", text.replace(":-8081}", ":-8080}")],
    ["a port open to everybody", text.replace(/\$\{PUBLISH_ON:-127\.0\.0\.1\}:/, "")],
    ["a healthcheck that is no list", text.replace("test: [CMD, pg_isready", "tests: [CMD, pg_isready")],
  ])("%s would be noticed", (_, broken) => {
    expect(broken).not.toBe(text);
    expect(complaintsOf(broken)).not.toEqual([]);
  });

  test("uses only variables that .env.example explains", () => {
    const read = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name ?? "");
    const set = ours.flatMap(([, service]) => environmentOf(service).map(([name]) => name));
    const known = knownVariables();
    expect([...new Set([...read, ...set])].filter((name) => !known.has(name))).toEqual([]);
  });

  test("holds no secret", () => {
    const all = services.flatMap(([, service]) => environmentOf(service));
    expect(all.filter(([name, value]) => holdsSecret(name, value))).toEqual([]);
    expect(holdsSecret("DATABASE_URL", "postgres://tidemark:hunter2@timescaledb/tidemark")).toBe(true);
    expect(holdsSecret("POSTGRES_PASSWORD", `\${POSTGRES_PASSWORD:-hunter2}`)).toBe(true);
  });

  test.each(serviceNames)("hands everything in .env on to %s, but for where things are inside", (name) => {
    const said = Object.fromEntries([...knownVariables()].map((variable) => [variable, "as .env says"]));
    const found = inContainer(name, said);
    const pinned = Object.keys(said).filter((variable) => found[variable] !== "as .env says");
    expect(pinned.sort()).toEqual([...inside, ...listeners[name]].sort());
  });

  test("sets what each service starts with, once .env settles the legacy door", () => {
    const start = (name: ServiceName, settled: Readonly<Record<string, string>>) =>
      readConfig([name], inContainer(name, { ...exampleOfEnv(), ...settled }));
    const key = { LEGACY_HTTP_KEY: "0123456789abcdef" };
    for (const name of serviceNames) {
      const settled = name === "gateway-http" ? key : {};
      expect(start(name, settled)).toMatchObject({ HOST: "0.0.0.0", ACCESS: "credentials" });
    }
    expect(start("gateway-http", { LEGACY_HTTP_OPEN: "true" }).LEGACY_HTTP_KEY).toBeNull();
    expect(() => start("gateway-http", {})).toThrow(/LEGACY_HTTP_KEY/);
  });

  test("has connections for every process that opens the database, and for a command by hand", () => {
    const command = listAt(Object.fromEntries(services)["timescaledb"], "command").join("\n");
    const most = Number(/^max_connections=(\d+)$/m.exec(command)?.[1]);
    const { SHARDS } = readConfig(["processor"], inContainer("processor", {}));
    // 3 are kept for the superuser.
    const needed = (serviceNames.length + 1) * mostConnections({ SHARDS }) + 3;
    expect(most).toBeGreaterThanOrEqual(needed);
  });

  test("runs the same image as each service", () => {
    const doesServe = (entry: unknown): boolean =>
      entry === undefined || (Array.isArray(entry) && entry.at(-1) === "dist/main.js");
    const commands = ours.flatMap(([name, service]) =>
      doesServe(at(service, "entrypoint")) ? [[name, at(service, "command")]] : [],
    );
    expect(commands).toEqual(["broker", "gateway-http", "processor", "web"].map((name) => [name, [name]]));
  });
});

/** Whether it does one thing and ends. */
const doesEnd = (service: unknown): boolean => at(service, "restart") === "no";

describe.each(services)("the compose service %s", (_, service) => {
  test("runs without root, capabilities or a writable file system", () => {
    expect(at(service, "user")).toMatch(/^(?!root|0)/);
    expect(at(service, "read_only")).toBe(true);
    expect(at(service, "cap_drop")).toEqual(["ALL"]);
    expect(at(service, "security_opt")).toContain("no-new-privileges:true");
    expect(at(service, "privileged")).toBeUndefined();
  });

  test("has limits and time to stop", () => {
    expect(at(service, "deploy", "resources", "limits")).toMatchObject({
      cpus: expect.any(String),
      memory: expect.any(String),
    });
    expect(at(service, "stop_grace_period")).toMatch(/^\d+s$/);
    expect(at(service, "restart")).toBe(doesEnd(service) ? "no" : "unless-stopped");
  });

  test("is asked for its health, or listens to nothing", () => {
    const inherited =
      at(service, "build") !== undefined && /^HEALTHCHECK /m.test(readFileSync("Dockerfile", "utf8"));
    if (at(service, "healthcheck", "disable") === true) expect(listAt(service, "ports")).toEqual([]);
    else expect(inherited || listAt(service, "healthcheck", "test").length > 0).toBe(true);
  });

  test("waits until what it needs is healthy", () => {
    const needs = at(service, "depends_on") ?? {};
    const names = services.map(([name]) => name);
    for (const [name, how] of Object.entries(needs)) {
      expect(names).toContain(name);
      const needed = Object.fromEntries(services)[name];
      const condition = doesEnd(needed) ? "service_completed_successfully" : "service_healthy";
      expect(textAt(how, "condition")).toBe(condition);
    }
  });
});

test("the image runs as node, knows its health and stops on SIGTERM", () => {
  const runtime =
    readFileSync("Dockerfile", "utf8")
      .split(/^FROM /m)
      .at(-1) ?? "";
  expect(runtime.match(/^USER (.+)$/gm)?.at(-1)).toBe("USER node");
  expect(runtime).toMatch(/^HEALTHCHECK /m);
  expect(runtime).toMatch(/^STOPSIGNAL SIGTERM$/m);
  expect(runtime).toMatch(/^ENTRYPOINT \["node", .*"dist\/main\.js"\]$/m);
  // A name that is nowhere is passed over with a warning.
  expect(runtime).toMatch(/install .*libjemalloc2/);
  expect(runtime).toMatch(/LD_PRELOAD=libjemalloc\.so\.2/);
  expect(runtime).not.toMatch(/^(?:ENV|ARG) .*(?:PASSWORD|SECRET|TOKEN)/m);
});

test("the image is built with every tsconfig that the build may name", () => {
  const allowed = readFileSync(".dockerignore", "utf8").split("\n");
  const configs = readdirSync(".").filter((file) => /^tsconfig.*\.json$/.test(file));
  expect(allowed).toEqual(expect.arrayContaining(configs.map((file) => `!${file}`)));
});
