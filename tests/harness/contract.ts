import Schema from "typebox/schema";
import { channelOf } from "../../web/contract/asyncapi.ts";

interface Json {
  readonly [key: string]: unknown;
}

/** Holds what a running platform says against what it says that it says. */
export interface ContractBook {
  /** What is wrong with an answer; undefined when the contract has it so. */
  faultOfAnswer(asked: { method: string; path: string; status: number; body: unknown }): string | undefined;
  /** What is wrong with a message on a topic, or of an event of Socket.IO. */
  faultOfMessage(protocol: "mqtt" | "socketio", address: string, payload: unknown): string | undefined;
}

/** Reads the contract of the platform at this address. */
export async function openContractBook(url: string): Promise<ContractBook> {
  const read = async (name: string): Promise<Json> =>
    (await (await fetch(`${url}/docs/${name}`)).json()) as Json;
  const openApi = await read("openapi.json");
  const asyncApi = await read("asyncapi.json");
  const paths = Object.entries(openApi["paths"] as Json).map(
    ([path, methods]) => [new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`), path, methods] as const,
  );
  return {
    faultOfAnswer({ method, path, status, body }) {
      const [bare = ""] = path.split("?");
      // The path that has no parameter where there is a choice: `devices/import` is no device.
      const found = paths
        .filter(([pattern]) => pattern.test(bare))
        .sort(([, a], [, b]) => places(a) - places(b))[0];
      const responses = at(found?.[2], method.toLowerCase(), "responses");
      const answer = at(responses, String(status));
      if (answer === undefined) return `${method} ${bare} never answers ${status}`;
      const schema = at(answer, "content", "application/json", "schema");
      if (schema === undefined)
        return body === undefined ? undefined : `${method} ${bare} ${status} has no body`;
      return faultOf(schema, {
        value: body,
        components: openApi["components"],
        of: `${method} ${bare} ${status}`,
      });
    },
    faultOfMessage(protocol, address, payload) {
      const name = channelOf(address, protocol);
      const schema = at(asyncApi["components"], "messages", name ?? "", "payload");
      if (schema === undefined) return `nothing is known of ${address}`;
      return faultOf(schema, { value: payload, components: asyncApi["components"], of: address });
    },
  };
}

function places(path: string): number {
  return path.split("{").length;
}

function faultOf(
  schema: unknown,
  { value, components, of }: { value: unknown; components: unknown; of: string },
): string | undefined {
  const [isGood, errors] = Schema.Errors({ ...(schema as object), components } as never, value);
  if (isGood) return undefined;
  return `${of}: ${errors.map((error) => `${error.instancePath} ${error.message}`).join("; ")} in ${JSON.stringify(value).slice(0, 500)}`;
}

function at(root: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], root);
}
