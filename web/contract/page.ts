import type { Json } from "./openapi.ts";

/** The contract as a page for people: plain HTML made here, since the Content-Security-Policy lets no page run a script of its own. */
export function toPage(openApi: Json, asyncApi: Json): string {
  const operations = operationsOf(openApi);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const schemas = Object.entries(at(openApi, "components", "schemas"));
  const { title, version, description } = at(openApi, "info");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)} API</title><link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<header><h1>${text(title)} API <small>${text(version)}</small></h1>
<p>${text(description)}</p>
<p>For programs: <a href="/docs/openapi.json">OpenAPI 3.1</a>, <a href="/docs/asyncapi.json">AsyncAPI 3</a>. <a href="/">The console</a></p>
<nav aria-label="Sections">${[...tags, "messages", "schemas"].map((tag) => `<a href="#${anchor(tag)}">${text(tag)}</a>`).join(" ")}</nav>
</header>
<main>
${tags.map((tag) => section(tag, operations.filter((one) => one.tag === tag).map(operationHtml))).join("\n")}
${section("messages", messagesHtml(asyncApi))}
${section(
  "schemas",
  schemas.map(([name, schema]) => schemaHtml(name, schema)),
)}
</main>
</body>
</html>
`;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly operation: Json;
}

function operationsOf(openApi: Json): Operation[] {
  return Object.entries(at(openApi, "paths")).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => {
      const [tag = ""] = list(object(operation)["tags"]).map(String);
      return { method: method.toUpperCase(), path, tag, operation: object(operation) };
    }),
  );
}

function section(name: string, parts: readonly string[]): string {
  return `<section id="${anchor(name)}"><h2>${text(name)}</h2>\n${parts.join("\n")}\n</section>`;
}

function operationHtml({ method, path, operation }: Operation): string {
  const { summary, operationId, parameters, requestBody, responses } = operation;
  const role = operation["x-role"];
  const fields = list(parameters).map((parameter) => parameterHtml(object(parameter)));
  const body = Object.entries(at(object(requestBody), "content")).map(
    ([media, content]) => `<p>Body, ${text(media)}: ${shape(object(content)["schema"])}</p>`,
  );
  const answers = Object.entries(object(responses)).map(([status, answer]) =>
    answerHtml(status, object(answer)),
  );
  return `<details id="${text(operationId)}"><summary><code><b>${method}</b> ${text(path)}</code> <span>${text(summary)}</span>${role === undefined ? "" : ` <i>${text(role)}</i>`}</summary>
${fields.length === 0 ? "" : `<table><caption>Asked with</caption>${fields.join("")}</table>`}
${body.join("\n")}
<table><caption>Answers</caption>${answers.join("")}</table></details>`;
}

function parameterHtml({ name, in: place, required, description, schema }: Json): string {
  const how = required === true ? "" : ", optional";
  return `<tr><th scope="row"><code>${text(name)}</code></th><td>${text(place)}${how}: ${shape(schema)}${description === undefined ? "" : `<br>${text(description)}`}</td></tr>`;
}

function answerHtml(status: string, { description, content }: Json): string {
  const shapes = status.startsWith("2")
    ? Object.values(object(content)).map((one) => shape(object(one)["schema"]))
    : [];
  return `<tr><th scope="row">${text(status)}</th><td>${[text(description), ...shapes].join("<br>")}</td></tr>`;
}

function messagesHtml(asyncApi: Json): string[] {
  const operations = at(asyncApi, "operations");
  return Object.entries(at(asyncApi, "channels")).map(([name, channel]) => {
    const { address, description, servers } = object(channel);
    const [server] = list(servers).map((one) => String(object(one)["$ref"]).split("/").at(-1));
    const isSent = object(operations[name])["action"] === "send";
    const payload = at(asyncApi, "components", "messages", name)["payload"];
    return `<details id="message-${text(name)}"><summary><code><b>${server === "mqtt" ? "MQTT" : "Socket.IO"}</b> ${text(address)}</code> <span>${text(description)}</span> <i>${isSent ? "from the platform" : "to the platform"}</i></summary>
<p>${shape(payload)}</p></details>`;
  });
}

function schemaHtml(name: string, schema: unknown): string {
  return `<details id="schema-${text(name)}"><summary><code>${text(name)}</code></summary><p>${shape(schema)}</p></details>`;
}

/** A schema in the manner of a type, with links to those that have a name. */
function shape(schema: unknown): string {
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
  } = object(schema);
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1) ?? "";
    return `<a href="#schema-${text(name)}">${text(name)}</a>`;
  }
  if (Array.isArray(anyOf)) return anyOf.map(shape).join(" | ");
  if (Array.isArray(values))
    return values.map((one) => `<code>${text(JSON.stringify(one))}</code>`).join(" | ");
  if (value !== undefined) return `<code>${text(JSON.stringify(value))}</code>`;
  if (Array.isArray(prefixItems)) return `[${prefixItems.map(shape).join(", ")}]`;
  if (type === "array") return `list of ${shape(items)}`;
  if (properties !== undefined) return propertiesHtml(object(schema));
  if (patternProperties !== undefined)
    return `by name: ${Object.values(object(patternProperties)).map(shape).join()}`;
  return `${text(type ?? "anything")}${bounds(object(schema))}`;
}

function propertiesHtml({ properties, required }: Json): string {
  const needed = new Set(list(required));
  const fields = Object.entries(object(properties)).map(([name, property]) => {
    const { description } = object(property);
    const mark = needed.has(name) ? "" : "?";
    return `<li><code>${text(name)}${mark}</code>: ${shape(property)}${description === undefined ? "" : ` <small>${text(description)}</small>`}</li>`;
  });
  return `<ul>${fields.join("")}</ul>`;
}

function bounds({ minimum, maximum, default: fallback }: Json): string {
  const range = minimum === undefined && maximum === undefined ? [] : [`${minimum ?? ""} … ${maximum ?? ""}`];
  const parts = [...range, ...(fallback === undefined ? [] : [`default ${fallback}`])];
  return parts.length === 0 ? "" : ` <small>(${text(parts.join(", "))})</small>`;
}

function at(root: Json, ...path: readonly string[]): Json {
  return path.reduce((value, key) => object(value[key]), root);
}

function object(value: unknown): Json {
  // What it is used on came from our own documents; what is none there has no fields.
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function anchor(name: string): string {
  return `tag-${name.replace(/\W+/g, "-")}`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function text(value: unknown): string {
  return String(value ?? "").replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}

/** The style of the page, in both themes. */
export const pageStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 64rem; margin: 0 auto; padding: 1rem; }
h2 { text-transform: capitalize; margin: 2rem 0 .5rem; }
nav a { display: inline-block; margin: 0 .75rem .25rem 0; min-height: 24px; }
a { color: light-dark(#0b57d0, #a8c7fa); }
details { border-top: 1px solid light-dark(#d0d4da, #3b4048); padding: .25rem 0; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; }
summary i { color: light-dark(#4a4f57, #b6bcc6); }
details > :not(summary) { margin-left: 1rem; }
table { border-collapse: collapse; margin-bottom: .75rem; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .125rem .75rem .125rem 0; font-weight: 400; overflow-wrap: anywhere; }
ul { margin: 0; padding-left: 1.25rem; }
small { color: light-dark(#4a4f57, #b6bcc6); }
`;
