import type { Json } from "./openapi.ts";

/**
 * The types of a client for TypeScript, from the document of OpenAPI: `paths` in the form that openapi-fetch takes, and the schemas that
 * have a name. Made here, since what usually makes them needs the programming interface of the compiler, which TypeScript 7 has not.
 */
export function toClientTypes(openApi: Json): string {
  const paths = Object.entries(object(openApi["paths"])).filter(([path]) => path.startsWith("/api/v1/"));
  const schemas = Object.entries(object(object(openApi["components"])["schemas"]));
  return [
    "// Made from the contract by tests/rules/client-types.test.ts; do not edit.",
    "export interface paths {",
    ...paths.map(([path, methods]) => `  ${JSON.stringify(path)}: ${pathType(object(methods))};`),
    "}",
    "interface components {",
    "  schemas: {",
    ...schemas.map(([name, schema]) => `    ${name}: ${typeOf(schema, name.endsWith("Body"))};`),
    "  };",
    "}",
    "",
  ].join("\n");
}

const verbs = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

function pathType(methods: Json): string {
  const parts = verbs.map((verb) =>
    verb in methods ? `${verb}: ${operationType(object(methods[verb]))}` : `${verb}?: never`,
  );
  return `{ parameters: { query?: never; header?: never; path?: never; cookie?: never }; ${parts.join("; ")} }`;
}

function operationType({ parameters, requestBody, responses }: Json): string {
  const given = list(parameters).map(object);
  const good = Object.entries(object(responses)).filter(([status]) => status.startsWith("2"));
  const answers = good.map(([status, answer]) => `${status}: { ${headers}; ${contentType(object(answer))} }`);
  return `{ parameters: { ${parametersType("query", given)}; header?: never; ${parametersType("path", given)}; cookie?: never }; ${bodyType(requestBody)}; responses: { ${[...answers, refusal].join("; ")} } }`;
}

const headers = "headers: { [name: string]: unknown }";
/** Whatever the route, in one form. */
const refusal = `default: { ${headers}; content: { "application/json": { error: string; code: string } } }`;

function parametersType(place: "query" | "path", given: readonly Json[]): string {
  const own = given.filter((parameter) => parameter["in"] === place);
  if (own.length === 0) return `${place}?: never`;
  const mark = own.some(({ required }) => required === true) ? "" : "?";
  const fields = own.map(
    ({ name, required, schema }) =>
      `${JSON.stringify(name)}${required === true ? "" : "?"}: ${typeOf(schema)}`,
  );
  return `${place}${mark}: { ${fields.join("; ")} }`;
}

function bodyType(requestBody: unknown): string {
  if (requestBody === undefined) return "requestBody?: never";
  const { required } = object(requestBody);
  return `requestBody${required === true ? "" : "?"}: { ${contentType(object(requestBody), true)} }`;
}

function contentType({ content }: Json, isSent = false): string {
  if (content === undefined) return "content?: never";
  const media = Object.entries(object(content)).map(
    ([name, one]) => `${JSON.stringify(name)}: ${typeOf(object(one)["schema"], isSent)}`,
  );
  return `content: { ${media.join("; ")} }`;
}

/** The type of what a schema takes. In what is sent, a field that has a default may be left out. */
function typeOf(schema: unknown, isSent = false): string {
  const {
    $ref,
    anyOf,
    enum: values,
    const: value,
    type,
    items,
    prefixItems,
    properties,
    patternProperties,
    additionalProperties,
  } = object(schema);
  const inner = (one: unknown) => typeOf(one, isSent);
  if (typeof $ref === "string") return `components["schemas"][${JSON.stringify($ref.split("/").at(-1))}]`;
  if (Array.isArray(anyOf)) return anyOf.map(inner).join(" | ");
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  if (Array.isArray(prefixItems)) return `[${prefixItems.map(inner).join(", ")}]`;
  if (Array.isArray(type)) return type.map((one) => inner({ type: one })).join(" | ");
  if (type === "array") return `(${inner(items)})[]`;
  if (properties !== undefined) return objectType(object(schema), isSent);
  if (patternProperties !== undefined)
    return `{ [name: string]: ${Object.values(object(patternProperties)).map(inner).join(" | ")} }`;
  if (typeof additionalProperties === "object") return `{ [name: string]: ${inner(additionalProperties)} }`;
  return primitives[String(type)] ?? "unknown";
}

const primitives: Readonly<Record<string, string>> = {
  ...{ string: "string", number: "number", integer: "number", boolean: "boolean", null: "null" },
  object: "{ [name: string]: unknown }",
};

function objectType({ properties, required }: Json, isSent: boolean): string {
  const needed = new Set(list(required));
  const fields = Object.entries(object(properties)).map(([name, property]) => {
    const mark = needed.has(name) && !(isSent && "default" in object(property)) ? "" : "?";
    return `${JSON.stringify(name)}${mark}: ${typeOf(property, isSent)}`;
  });
  return `{ ${fields.join("; ")} }`;
}

function object(value: unknown): Json {
  // What it is used on came from our own document; what is none there has no fields.
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
