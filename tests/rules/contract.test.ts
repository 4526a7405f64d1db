import { createRequire } from "node:module";
import { Validator } from "@seriousme/openapi-schema-validator";
import Schema from "typebox/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saidOfRoutes } from "../../web/contract/said.ts";
import { type BareWeb, openBareWeb } from "../harness/bare-web.ts";

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Shape }>> };
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object }> }>>;
}

interface Shape {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly additionalProperties?: unknown;
}

let web: BareWeb;
let openApi: Document;

const asked = async (path: string) => (await web.door.inject(path)).json();

beforeAll(async () => {
  web = await openBareWeb();
  openApi = await asked("/docs/openapi.json");
});
afterAll(() => web.stop());

test("every route of the API is in the contract, and no other", () => {
  const isOfApi = (route: string) => route.includes(" /api/v1/") && !route.startsWith("HEAD ");
  const missing = web.routes.filter((route) => isOfApi(route) && !saidOfRoutes.has(route));
  expect(missing, "say in web/contract/said.ts what these are for").toEqual([]);
  const left = [...saidOfRoutes.keys()].filter((route) => !web.routes.includes(route));
  expect(left, "web/contract/said.ts tells of routes that are no more").toEqual([]);
});

test("every operation says what it is for, who may, and what it answers", () => {
  const operations = Object.values(openApi.paths).flatMap((methods) => Object.values(methods));
  expect(operations.length).toBe(saidOfRoutes.size + 4);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { operationId, summary, tags, security, responses } of operations) {
    expect([operationId, summary, tags.length, Array.isArray(security)]).toEqual([
      operationId,
      expect.stringMatching(/^[A-Z]/),
      1,
      true,
    ]);
    const good = Object.entries(responses).filter(([status]) => status.startsWith("2"));
    expect(good.length, `${operationId} answers nothing good`).toBeGreaterThan(0);
    for (const [status, answer] of good)
      expect(answer.content === undefined, `${operationId} ${status}`).toBe(status === "204");
    expect(responses["500"], operationId).toBeDefined();
  }
});

/** Devices in the field may say more than they are asked. */
const mayHoldMore = ["POST /api/v1/claim"];

test("a body says all that it may hold, so that no misspelt name is passed over", () => {
  const isClosed = ({ $ref, type, anyOf, additionalProperties }: Shape): boolean => {
    if ($ref !== undefined) return isClosed(openApi.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
    if (anyOf !== undefined) return anyOf.every(isClosed);
    return type !== "object" || additionalProperties !== undefined;
  };
  const open = Object.entries(openApi.paths)
    .filter(([path]) => path.startsWith("/api/v1/"))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) => ({
        route: `${method.toUpperCase()} ${path}`,
        schema: requestBody?.content["application/json"]?.schema,
      })),
    )
    .filter(({ schema }) => schema !== undefined && !isClosed(schema))
    .map(({ route }) => route);
  expect(open).toEqual(mayHoldMore);
});

test("the document is one of OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate({ ...openApi });
  expect([valid, errors]).toEqual([true, undefined]);
});

test("the other document is one of AsyncAPI 3", async () => {
  // Without ids: with them the schema has references that lead to its own parts by way of the web.
  const require = createRequire(import.meta.url);
  const official = Schema.Compile(require("@asyncapi/specs/schemas/3.0.0-without-$id.json"));
  const document = await asked("/docs/asyncapi.json");
  expect(official.Errors(document)).toEqual([true, []]);
  const flying = { ...document.operations, fly: { action: "fly", channel: { $ref: "#/channels/alarm" } } };
  for (const broken of [
    { asyncapi: "2.6.0" },
    { operations: flying },
    { servers: { mqtt: {} } },
    { topics: {} },
  ])
    expect(official.Check({ ...document, ...broken }), JSON.stringify(broken).slice(0, 60)).toBe(false);
});

test("no reference of a document leads nowhere", async () => {
  for (const path of ["/docs/openapi.json", "/docs/asyncapi.json"]) {
    const document = await asked(path);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, at = ""]) => at,
    );
    expect(references.length).toBeGreaterThan(10);
    for (const reference of new Set(references)) {
      const found = reference.split("/").reduce((value, key) => value?.[key], document);
      expect(found, `${path} ${reference}`).toBeDefined();
    }
  }
});

test("every schema of the contract is one that a validator takes", () => {
  for (const [name, schema] of Object.entries(openApi.components.schemas)) {
    const root = { ...schema, components: openApi.components };
    expect(() => Schema.Compile(root), name).not.toThrow();
  }
});

test("the page shows every operation, and has nothing that its Content-Security-Policy forbids", async () => {
  const { body, headers } = await web.door.inject("/docs");
  for (const methods of Object.values(openApi.paths))
    for (const { operationId } of Object.values(methods)) expect(body).toContain(`id="${operationId}"`);
  expect(headers["content-security-policy"]).not.toContain("unsafe-inline");
  expect(body).not.toMatch(/<script|<style| style=| on\w+=|https?:\/\//);
});
