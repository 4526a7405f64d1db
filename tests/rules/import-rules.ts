import type { Import } from "./imports-of.ts";

// Who may import whom: the table of docs/design.md as data. A path is matched from the repository's root.

/** A folder may always import itself. Folders without a line (tests, bench, scripts) may import anything. */
const layers: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  platform: ["schema"],
  broker: ["schema", "platform"],
  "gateway-http": ["schema", "platform"],
  processor: ["schema", "platform"],
  web: ["schema", "platform"],
  "web/client": ["schema"],
  simulators: ["schema"],
  "main.ts": [
    "administration.ts",
    "engines.ts",
    "stores.ts",
    "schema",
    "platform",
    "broker",
    "gateway-http",
    "processor",
    "web",
  ],
  "engines.ts": ["stores.ts", "schema", "platform"],
  "stores.ts": ["schema", "platform"],
  "administration.ts": ["stores.ts", "schema", "platform"],
};

const services = ["broker", "gateway-http", "processor", "web"];

/** The only places that may name a package, and those that may name it in types alone. */
interface Wall {
  readonly to: RegExp;
  readonly only: RegExp;
  readonly typesAlsoIn?: RegExp;
}

const sql =
  /^platform\/(?:[a-z]+\/(?:[a-z]+-)+(?:sql|statement|store)(?:-[a-z]+)?|(?:devices|export)\/[a-z-]+|access\/sql-access|alarms\/alarm-(?:end|raise|storms)|database\/(?:answer-watch|ask-apart|database|embedded-[a-z-]+|held-connection|migrations|seat|sql)|models\/detector-histories|readings\/shard-writer)\.ts$/;

const walls: readonly Wall[] = [
  { to: /^(?:aedes|mqemitter)/, only: /^broker\// },
  { to: /^ioredis$/, only: /^platform\/redis\// },
  { to: /^(?:kysely|pg)$/, only: sql, typesAlsoIn: /^schema\/(?:[a-z]+-)?row\.ts$/ },
  { to: /^@electric-sql\//, only: /^platform\/database\/embedded-database[a-z-]*\.ts$/ },
  { to: /^jose$/, only: /^platform\/access\/tokens\.ts$/ },
  { to: /^ml-isolation-forest$/, only: /^processor\/forest\.ts$/ },
  { to: /^socket\.io$/, only: /^web\/(?!client\/)/ },
  { to: /^(?:socket\.io-client|chart\.js)$/, only: /^web\/client\// },
  {
    to: /^(?:fastify|@fastify\/.+)$/,
    only: /^(?:gateway-http\/|web\/(?!client\/)|platform\/http\/(?:http-limits|http-server|validation)\.ts$)/,
  },
  { to: /^hyparquet-writer$/, only: /^web\/export\/parquet\.ts$/ },
  { to: /^nodemailer$/, only: /^processor\/notifications\/mail\.ts$/ },
  { to: /^mqtt$/, only: /^(?:gateway-http|simulators)\// },
  { to: /^(?:pino|prom-client)$/, only: /^platform\/telemetry\.ts$/ },
  { to: /^process\.env$/, only: /^platform\/config\.ts$/ },
];

/** Adapters by what they speak to. Those of one family may share a connection; no family knows another. */
const adapters: Readonly<Record<string, RegExp>> = {
  redis: /^platform\/redis\//,
  memory: /^platform\/memory\//,
  sql: /^platform\/(?:[a-z]+\/(?:[a-z]+-)+(?:sql|statement|store)|access\/sql-|alarms\/alarm-(?:end|raise|storms)|database\/(?:database|held-connection|migrations|seat|sql)|devices\/sql-|models\/detector-histories|readings\/shard-writer)/,
  embedded: /^platform\/database\/embedded-/,
};

/** The adapters of the ports themselves; only main.ts puts them together. */
const portAdapter = /^platform\/(?:(?:memory|redis)\/(?:commons|events|stream)|[a-z]+\/[a-z]+-store)\.ts$/;

/** What a bundle for browsers may take from schema at run time: the files that carry no validator with them. */
const pureSchema = /^schema\/(?:access|device-state|event|operator|scored|timestamp|sensors|unseen)\.ts$/;

/** Why this import breaks a rule of the house, or undefined. */
export function objection(imported: Import): string | undefined {
  const { from, to } = imported;
  const why = imported.isOurs ? (strayed(imported) ?? reachedTooFar(imported)) : walledOff(imported);
  return why === undefined ? undefined : `${from} -> ${to}: ${why}`;
}

function strayed({ from, to }: Import): string | undefined {
  if (to === "?") return "a computed path cannot be checked";
  const own = layerOf(from);
  const allowed = layers[own];
  const other = layerOf(to);
  if (allowed === undefined || own === other || allowed.includes(other)) return undefined;
  return `${own} may import ${["itself", ...allowed].join(", ")}`;
}

function reachedTooFar({ from, to, isTypeOnly }: Import): string | undefined {
  const own = layerOf(from);
  const [fromFamily, toFamily] = [familyOf(from), familyOf(to)];
  if (services.includes(own) && toFamily !== undefined) return "services name ports, not adapters";
  if (own === "main.ts" && services.includes(layerOf(to)) && !to.endsWith("/service.ts")) {
    return "main.ts knows only the service.ts of a service";
  }
  if (own === "web/client" && layerOf(to) === "schema" && !isTypeOnly && !pureSchema.test(to)) {
    return "the browser takes only types from here";
  }
  const isForeign = fromFamily !== undefined && toFamily !== undefined && fromFamily !== toFamily;
  if (isForeign || (own === "platform" && portAdapter.test(to))) return "adapters do not import each other";
  return undefined;
}

function walledOff({ from, to, isTypeOnly }: Import): string | undefined {
  if (layers[layerOf(from)] === undefined) return undefined;
  const wall = walls.find((candidate) => candidate.to.test(to));
  if (wall === undefined || wall.only.test(from)) return undefined;
  if (isTypeOnly && wall.typesAlsoIn?.test(from) === true) return undefined;
  return `only ${wall.only.source} may name it`;
}

function layerOf(path: string): string {
  return path.startsWith("web/client/") ? "web/client" : (path.split("/")[0] ?? "");
}

function familyOf(path: string): string | undefined {
  return Object.keys(adapters).find((name) => adapters[name]?.test(path) === true);
}
