import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { objection } from "./import-rules.ts";
import { importsOf } from "./imports-of.ts";

/** Files of the root. */
const alone = ["main.ts", "engines.ts", "stores.ts", "administration.ts"];
const folders = ["schema", "platform", "broker", "gateway-http", "processor", "web", "simulators"];

// Tests may import anything, also those that lie beside what they test.
const isSource = (file: string) => file.endsWith(".ts") && !file.endsWith(".test.ts");

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter(isSource);
}

function objectionsTo(file: string, source: string): string[] {
  return importsOf(file, source).flatMap((imported) => objection(imported) ?? []);
}

test.each([...alone, ...folders])("%s imports only what the house allows", (place) => {
  const files = alone.includes(place) ? [place] : sourcesOf(place);
  expect(files.flatMap((file) => objectionsTo(file, readFileSync(file, "utf8")))).toEqual([]);
});

// A rule that cannot fail protects nobody: each of these breaks exactly one.
describe("the rules refuse", () => {
  test.each([
    ["schema/reading.ts", `import { codeOf } from "../platform/errors.ts";`, /schema may import itself$/],
    ["schema/reading.ts", `import { codeOf } from '../platform/errors.ts';`, /schema may import/],
    ["schema/reading.ts", `import type { Frame } from "../platform/ports.ts";`, /schema may import/],
    ["schema/reading.ts", `type Frame = import("../platform/ports.ts").Frame;`, /schema may import/],
    [
      "platform/http/probe.ts",
      `export { startBroker } from "../../broker/service.ts";`,
      /platform may import/,
    ],
    ["broker/intake.ts", `export * from "../processor/score.ts";`, /broker may import/],
    ["web/live.ts", `const { score } = await import("../processor/score.ts");`, /web may import/],
    ["web/live.ts", `const { score } = await import(name);`, /computed path/],
    ["simulators/fleet.ts", `import "../platform/config.ts";`, /simulators may import/],
    ["web/client/main.ts", `import { startWeb } from "../service.ts";`, /web\/client may import/],
    ["web/client/main.ts", `import { toRow } from "../../schema/row.ts";`, /only types/],
    ["main.ts", `import { score } from "./processor/score.ts";`, /knows only the service\.ts/],
    ["main.ts", `import { fleet } from "./simulators/fleet.ts";`, /main\.ts may import/],
    [
      "broker/intake.ts",
      `import { openRedisStream } from "../platform/redis/stream.ts";`,
      /ports, not adapters/,
    ],
    [
      "web/routes.ts",
      `import type { Tables } from "../platform/database/database.ts";`,
      /ports, not adapters/,
    ],
    [
      "processor/loop.ts",
      `import { openStore } from "../platform/readings/reading-store.ts";`,
      /ports, not adapters/,
    ],
    ["gateway-http/service.ts", `import { openMemory } from "../platform/memory/stream.ts";`, /ports, not/],
    ["platform/redis/events.ts", `import { gate } from "../memory/events.ts";`, /each other/],
    [
      "platform/devices/device-store.ts",
      `import { upsert } from "../readings/reading-store.ts";`,
      /each other/,
    ],
    ["platform/lifecycle.ts", `import { openRedisStream } from "./redis/stream.ts";`, /each other/],
    ["processor/service.ts", `import { Aedes } from "aedes";`, /only \^broker/],
    ["broker/service.ts", `import { Redis } from "ioredis";`, /only .*redis/],
    ["platform/config.ts", `import type { Pool } from "pg";`, /only .*database/],
    ["schema/row.ts", `import { sql } from "kysely";`, /only .*database/],
    [
      "platform/database/database.ts",
      `import { PGlite } from "@electric-sql/pglite/live";`,
      /only .*embedded/,
    ],
    ["processor/score.ts", `import { IsolationForest } from "ml-isolation-forest";`, /only .*forest/],
    ["gateway-http/service.ts", `import { Server } from "socket.io";`, /only \^web/],
    ["web/service.ts", `import { Chart } from "chart.js/auto";`, /only \^web\\\/client/],
    ["processor/service.ts", `import fastify from "fastify";`, /only .*gateway-http/],
    ["broker/service.ts", `import mqtt from "mqtt";`, /only .*simulators/],
    ["web/service.ts", `import { createTransport } from "nodemailer";`, /only .*mail/],
    ["broker/service.ts", `import { pino } from "pino";`, /only .*telemetry/],
    ["broker/service.ts", "const port = process.env.MQTT_PORT;", /only .*config/],
    ["broker/service.ts", "const port = globalThis.process.env.MQTT_PORT;", /only .*config/],
    ["broker/service.ts", "const { env } = process;", /only .*config/],
    ["broker/service.ts", `import { env } from "node:process";`, /only .*config/],
  ])("%s: %s", (file, source, why) => {
    expect(objectionsTo(file, source)).toEqual([expect.stringMatching(why)]);
  });
});

describe("the rules allow", () => {
  test.each([
    ["schema/row.ts", `import type { Generated } from "kysely";`],
    ["platform/redis/events.ts", `import { connect } from "./connection.ts";`],
    ["platform/devices/device-store.ts", `import type { Database } from "../database/database.ts";`],
    ["platform/config.ts", "export const raw = process.env;"],
    ["broker/intake.ts", `import type { ReadingStream } from "../platform/ports.ts";`],
    [
      "web/client/chart.ts",
      `import { Chart } from "chart.js"; import { eventNames } from "../../schema/event.ts";`,
    ],
    ["web/client/chart.ts", `import type { Row } from "../../schema/row.ts"; import "./chart.css";`],
    [
      "main.ts",
      `import { startBroker } from "./broker/service.ts"; await import("./platform/redis/stream.ts");`,
    ],
    ["broker/service.ts", `// import { pino } from "pino";\nconst line = 'import { pino } from "pino"';`],
    ["bench/wire.ts", `import { Aedes } from "aedes"; import { score } from "../processor/score.ts";`],
  ])("%s: %s", (file, source) => {
    expect(objectionsTo(file, source)).toEqual([]);
  });
});
