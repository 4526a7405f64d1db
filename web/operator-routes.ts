import type { FastifyReply } from "fastify";
import { hashOf, newSecret } from "../platform/access/callers.ts";
import type { OperatorChange, OperatorStore, TokenStore } from "../platform/access/operator-ports.ts";
import { generatePassword, hashPassword } from "../platform/access/password.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import { passwordFault, spelled } from "../schema/operator.ts";
import {
  NewOperatorBody,
  NewPasswordBody,
  NewTokenAnswer,
  NewTokenBody,
  OperatorChangeBody,
  OperatorParams,
  OperatorsAnswer,
  PasswordAnswer,
  TokensAnswer,
} from "../schema/operator-api.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { weak } from "./login-routes.ts";

export interface OperatorRouteDeps {
  readonly operators: OperatorStore;
  readonly tokens: TokenStore;
}

const config = { needs: "admin", isForPeople: true } as const;

/** Puts operators and API tokens on a door, for admins. */
export async function mountOperators(door: HttpDoor, deps: OperatorRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountPeople(scope, deps);
    mountPasswords(scope, deps);
    mountTokens(scope, deps);
    done();
  });
}

interface Named {
  Params: { name: string };
}

function mountPeople(scope: HttpDoor, { operators }: OperatorRouteDeps): void {
  scope.get("/api/v1/operators", { config, schema: { response: { 200: OperatorsAnswer } } }, async () => ({
    operators: await operators.list(),
  }));
  scope.patch<Named & { Body: OperatorChangeBody }>(
    "/api/v1/operators/:name",
    { config, schema: { params: OperatorParams, body: OperatorChangeBody } },
    async (request, reply) => {
      const { name } = request.params;
      return settle(reply, await operators.change(name, request.body, actorOf(request).name), name);
    },
  );
  scope.delete<Named>(
    "/api/v1/operators/:name",
    { config, schema: { params: OperatorParams } },
    async (request, reply) => {
      const { name } = request.params;
      return settle(reply, await operators.remove(name, actorOf(request).name), name);
    },
  );
}

function mountPasswords(scope: HttpDoor, { operators }: OperatorRouteDeps): void {
  scope.post<{ Body: NewOperatorBody }>(
    "/api/v1/operators",
    { config, schema: { body: NewOperatorBody, response: { 201: PasswordAnswer } } },
    async (request, reply) => {
      const { name, role, password = generatePassword() } = request.body;
      const fault = passwordFault(password, name);
      if (fault !== undefined) return weak(reply, fault);
      const passwordHash = await hashPassword(spelled(password), "chosen");
      const isAdded = await operators.add({ name, role, passwordHash }, actorOf(request).name);
      if (!isAdded) return taken(reply, name);
      return reply.code(201).send(shownOnce(name, request.body.password, password));
    },
  );
  scope.post<Named & { Body: NewPasswordBody }>(
    "/api/v1/operators/:name/password",
    { config, schema: { params: OperatorParams, body: NewPasswordBody, response: { 200: PasswordAnswer } } },
    async (request, reply) => {
      const { name } = request.params;
      const { password = generatePassword() } = request.body;
      const fault = passwordFault(password, name);
      if (fault !== undefined) return weak(reply, fault);
      const hash = await hashPassword(spelled(password), "chosen");
      const isSet = await operators.setPassword(name, hash, actorOf(request).name);
      return isSet ? shownOnce(name, request.body.password, password) : settle(reply, "unknown", name);
    },
  );
}

function shownOnce(name: string, chosen: string | undefined, password: string): PasswordAnswer {
  return chosen === undefined ? { name, password } : { name };
}

/** Tokens are told from other secrets by how they begin, also by programs that look for secrets in the wrong places. */
const tokenPrefix = "tmk_";

function mountTokens(scope: HttpDoor, { tokens }: OperatorRouteDeps): void {
  scope.get("/api/v1/tokens", { config, schema: { response: { 200: TokensAnswer } } }, async () => ({
    tokens: await tokens.list(),
  }));
  scope.post<{ Body: NewTokenBody }>(
    "/api/v1/tokens",
    { config, schema: { body: NewTokenBody, response: { 201: NewTokenAnswer } } },
    async (request, reply) => {
      const { paths = null, ...wanted } = request.body;
      const secret = tokenPrefix + newSecret();
      const added = await tokens.add({ ...wanted, paths, hash: hashOf(secret) }, actorOf(request).name);
      return added === null ? taken(reply, wanted.name) : reply.code(201).send({ token: added, secret });
    },
  );
  scope.delete<{ Params: { id: string } }>("/api/v1/tokens/:id", { config }, async (request, reply) => {
    const { id } = request.params;
    const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
    const isRevoked = isUuid && (await tokens.revoke(id, actorOf(request).name));
    if (isRevoked) return reply.code(204).send();
    return reply.code(404).send({ error: "there is no such token", code: "TOKEN_UNKNOWN" });
  });
}

function taken(reply: FastifyReply, name: string): FastifyReply {
  return reply.code(409).send({ error: `${name} is taken; choose another name`, code: "NAME_TAKEN" });
}

function settle(reply: FastifyReply, outcome: OperatorChange, name: string): FastifyReply {
  switch (outcome) {
    case "done":
      return reply.code(204).send();
    case "unknown":
      return reply.code(404).send({ error: `there is no operator ${name}`, code: "OPERATOR_UNKNOWN" });
    case "last-admin": {
      const error = `${name} is the last admin who can log in; make another one first`;
      return reply.code(409).send({ error, code: "LAST_ADMIN" });
    }
  }
}
