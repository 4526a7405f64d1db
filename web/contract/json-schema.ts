import type { TSchema } from "typebox";
import * as access from "../../schema/access-api.ts";
import * as alarm from "../../schema/alarm.ts";
import * as api from "../../schema/api.ts";
import * as command from "../../schema/command.ts";
import * as devicePage from "../../schema/device-page.ts";
import * as embed from "../../schema/embed.ts";
import * as history from "../../schema/history.ts";
import * as legacy from "../../schema/legacy-api.ts";
import * as messages from "../../schema/messages.ts";
import * as model from "../../schema/model.ts";
import * as notification from "../../schema/notification.ts";
import * as operator from "../../schema/operator-api.ts";
import * as ops from "../../schema/ops.ts";
import * as rule from "../../schema/rule.ts";
import * as savedView from "../../schema/saved-view.ts";
import * as tuning from "../../schema/tuning.ts";

const modules = [
  access,
  alarm,
  api,
  command,
  devicePage,
  embed,
  history,
  legacy,
  messages,
  model,
  notification,
  operator,
  ops,
  rule,
  savedView,
  tuning,
];

/** The schemas that have a name in the vocabulary, and have it in the documents too. */
export const named: ReadonlyMap<TSchema, string> = new Map(
  modules.flatMap((exports) =>
    Object.entries(exports).flatMap(([name, value]): [TSchema, string][] =>
      isAnswerSchema(value) &&
      /(Answer|Body|Summary|Record|Message|Event|Series|Detail|Rule|Route|Choice|Legacy\w+)$/.test(name)
        ? [[value, name]]
        : [],
    ),
  ),
);

function isAnswerSchema(value: unknown): value is TSchema {
  return typeof value === "object" && value !== null && ("type" in value || "anyOf" in value);
}

/**
 * A schema as JSON Schema 2020-12, which OpenAPI 3.1 and AsyncAPI 3 speak; those that have a name as a reference to it, itself excepted
 * when it is the one to be spelt out.
 */
export function toJsonSchema(schema: TSchema, isSpelt = false): unknown {
  const name = named.get(schema);
  if (name !== undefined && !isSpelt) return { $ref: `#/components/schemas/${name}` };
  return converted(schema);
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => nested(item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const { items, additionalItems: _, ...rest } = Object.fromEntries(entries);
  // A tuple has its items here as drafts before 2020-12 had them.
  const isTuple = Array.isArray(items);
  const own = Object.entries(isTuple ? rest : Object.fromEntries(entries)).map(([key, item]) => [
    key,
    nested(item),
  ]);
  return {
    ...Object.fromEntries(own),
    ...(isTuple ? { prefixItems: items.map((item) => nested(item)), items: false } : {}),
  };
}

function nested(value: unknown): unknown {
  // Any object may be a schema that has a name; what is none is not found.
  const isNamed = typeof value === "object" && value !== null && named.has(value as TSchema);
  return isNamed ? toJsonSchema(value as TSchema) : converted(value);
}
