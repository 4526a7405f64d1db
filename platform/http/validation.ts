import AjvCompiler from "@fastify/ajv-compiler";
import type { FastifyError } from "fastify";
import type { HttpDoor } from "./http-server.ts";

/**
 * What Fastify does with texts, since an address has nothing else, and what a body must not have done to it: left to itself Fastify takes
 * null for false and 0, and leaves out what it does not know. Who misspells `isDisabled` would be told 204, and nobody would be disabled.
 */
export function takeBodiesAsTheyAre(door: HttpDoor): void {
  const build = AjvCompiler();
  const ofTexts = build({}, { customOptions: {} });
  const asItIs = build({}, { customOptions: { coerceTypes: false, removeAdditional: false } });
  door.setValidatorCompiler((route) => (route.httpPart === "body" ? asItIs : ofTexts)(route));
}

/** What is wrong with a request, with the name of what its schema does not know. */
export function faultOfRequest({ message, validation = [] }: FastifyError): string {
  const unknown = validation.flatMap(({ params }) => params["additionalProperty"] ?? []);
  return unknown.length === 0 ? message : `${message}: ${JSON.stringify(unknown.join(", "))}`;
}
