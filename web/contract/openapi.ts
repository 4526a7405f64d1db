import type { FastifySchema } from "fastify";
import { type TSchema, Type } from "typebox";
import type { Role } from "../../schema/access.ts";
import { named, toJsonSchema } from "./json-schema.ts";
import type { Said } from "./saying.ts";

/** A route as it was put on the door. */
export interface Route {
  readonly method: string;
  /** With `:name` for what it takes from the path. */
  readonly url: string;
  readonly schema: FastifySchema | undefined;
  readonly access: Access;
}

export interface Access {
  readonly needs?: Role | undefined;
  readonly isOpen?: true | undefined;
  readonly isForPeople?: true | undefined;
  readonly takes?: string | undefined;
  /** Of the legacy door, which takes a key as well. */
  readonly isLegacy?: true | undefined;
}

export interface Described {
  readonly route: Route;
  readonly said: Said;
  /** Where this route is, if elsewhere. */
  readonly server?: string | undefined;
}

export type Json = { readonly [key: string]: unknown };

/** The document of OpenAPI 3.1 for these routes. */
export function toOpenApi(routes: readonly Described[], info: { readonly version: string }): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const described of routes) {
    const path = described.route.url.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [described.route.method.toLowerCase()]: toOperation(described) };
  }
  const tags = [...new Set(routes.map(({ said }) => said.tag))];
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidemark",
      ...info,
      description:
        "Every refusal is `{error, code}`: a sentence for people and a code for programs. Instants are microseconds since the epoch, unless a name says otherwise.",
    },
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries([...named].map(([schema, name]) => [name, toJsonSchema(schema, true)])),
      securitySchemes: {
        session: {
          type: "apiKey",
          in: "cookie",
          name: "tidemark",
          description: "The session of an operator.",
        },
        token: { type: "http", scheme: "bearer", description: "An API token." },
        legacyKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "LEGACY_HTTP_KEY" },
      },
    },
  };
}

function toOperation({ route, said, server }: Described): Json {
  const { method, url, schema, access } = route;
  const body = schema?.body as TSchema | undefined;
  return {
    operationId: operationId(method, url),
    tags: [said.tag],
    summary: said.summary,
    ...(access.needs === undefined
      ? {}
      : { description: `Needs the role ${access.needs}.`, "x-role": access.needs }),
    security: securityOf(access),
    ...(server === undefined ? {} : { servers: [{ url: server }] }),
    parameters: [...pathParameters(url, schema), ...queryParameters(schema)],
    ...(body === undefined && access.takes === undefined
      ? {}
      : {
          requestBody: {
            required: body === undefined || !isOptional(body),
            content: {
              [access.takes ?? "application/json"]: { schema: toJsonSchema(body ?? Type.String()) },
            },
          },
        }),
    responses: { ...answersOf(route, said), ...refusalsOf(route, said) },
  };
}

/** Without one the routes take an empty object. */
function isOptional(body: TSchema): boolean {
  return "required" in body ? (body.required as readonly string[]).length === 0 : !("anyOf" in body);
}

/** `GET /api/v1/alarms/:id/clear` is `getAlarmsIdClear`. */
function operationId(method: string, url: string): string {
  const words = url.replace("/api/v1", "").split(/[^A-Za-z0-9]+/);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function securityOf({ isOpen, isForPeople, isLegacy }: Access): Json[] {
  if (isOpen === true) return [];
  if (isForPeople === true) return [{ session: [] }];
  return [{ session: [] }, { token: [] }, ...(isLegacy === true ? [{ legacyKey: [] }] : [])];
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
}

function pathParameters(url: string, schema: FastifySchema | undefined): Json[] {
  const { properties = {} } = (schema?.params ?? {}) as ObjectSchema;
  return [...url.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    ...{ name, in: "path", required: true },
    schema: toJsonSchema(properties[name] ?? Type.String()),
  }));
}

function queryParameters(schema: FastifySchema | undefined): Json[] {
  const { properties = {}, required = [] } = (schema?.querystring ?? {}) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({
    ...{ name, in: "query", required: required.includes(name) && !("default" in property) },
    ...("description" in property ? { description: property.description } : {}),
    schema: toJsonSchema(property),
  }));
}

function answersOf({ schema }: Route, { answers }: Said): Json {
  const own = (schema?.response ?? {}) as Readonly<Record<string, TSchema>>;
  const all: Readonly<Record<string, TSchema | null>> = { ...answers, ...own };
  return Object.fromEntries(Object.entries(all).map(([status, answer]) => [status, toAnswer(answer)]));
}

function toAnswer(answer: TSchema | null): Json {
  if (answer === null) return { description: "Done." };
  // A file: Fastify has its schema by its media type already.
  if ("content" in answer) return { description: "The file.", content: answer.content };
  const media = "contentMediaType" in answer ? String(answer.contentMediaType) : "application/json";
  const description = "description" in answer ? String(answer.description) : "Done.";
  return { description, content: { [media]: { schema: toJsonSchema(answer) } } };
}

/** What every route can refuse, by status, and what is its own. */
function refusalsOf({ method, schema, access }: Route, { refusals }: Said): Json {
  const isChange = method !== "GET";
  const isChecked =
    schema?.params !== undefined || schema?.querystring !== undefined || schema?.body !== undefined;
  const common: Record<number, string[]> = {
    400: [...(isChecked ? ["QUERY_INVALID"] : []), ...(isChange ? ["PAYLOAD_TOO_LARGE"] : [])],
    401: access.isOpen === true ? [] : ["UNAUTHENTICATED"],
    403: [...(access.isOpen === true ? [] : ["FORBIDDEN"]), ...(isChange ? ["CROSS_SITE"] : [])],
    415: method === "POST" && access.isLegacy !== true ? ["CONTENT_TYPE_INVALID"] : [],
    429: ["RATE_LIMITED"],
    500: ["INTERNAL"],
    503: ["STORE_DOWN"],
  };
  const statuses = [...new Set([...Object.keys(common), ...Object.keys(refusals)])].map(Number);
  return Object.fromEntries(
    statuses.flatMap((status) => {
      const codes = [...new Set([...(common[status] ?? []), ...(refusals[status] ?? [])])];
      return codes.length === 0 ? [] : [[status, toRefusal(codes)]];
    }),
  );
}

/** Faults of the body's form come with the codes of the server's framework, hence the open end. */
function toRefusal(codes: readonly string[]): Json {
  return {
    description: codes.join(", "),
    content: {
      "application/json": {
        schema: {
          type: "object",
          required: ["error", "code"],
          properties: {
            error: { type: "string" },
            code: { anyOf: [{ enum: codes }, { type: "string", pattern: "^FST_" }] },
          },
        },
      },
    },
  };
}
