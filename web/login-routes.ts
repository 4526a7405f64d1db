import type { FastifyReply, FastifyRequest } from "fastify";
import { type Callers, hashOf, newSecret, setCookie } from "../platform/access/callers.ts";
import type { OperatorStore, SessionStore } from "../platform/access/operator-ports.ts";
import { hashPassword, verifyPassword } from "../platform/access/password.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Clock } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { passwordFault, spelled } from "../schema/operator.ts";
import { FirstAdminBody, LoginBody, MeAnswer, OwnPasswordBody } from "../schema/operator-api.ts";
import { actorOf, callerOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { LoginBrake } from "./login-brake.ts";

export interface LoginDeps {
  readonly operators: OperatorStore;
  readonly sessions: SessionStore;
  readonly callers: Callers;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Parts extends LoginDeps {
  readonly brake: LoginBrake;
  /** Of a password that nobody has: to check one of a name that does not exist takes as long. */
  readonly nobodysHash: Promise<string>;
}

/** Puts on a door what an operator comes and goes by. */
export async function mountLogin(door: HttpDoor, deps: LoginDeps): Promise<void> {
  const parts = { ...deps, brake: new LoginBrake(), nobodysHash: hashPassword(newSecret(), "chosen") };
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountSession(scope, parts);
    mountFirstAdmin(scope, parts);
    mountOwnPassword(scope, parts);
    done();
  });
}

/** Puts on a door who one is. With nobody asked it is all there is to know of operators. */
export function mountMe(door: HttpDoor): void {
  const options = { config: { needs: "viewer" }, schema: { response: { 200: MeAnswer } } } as const;
  door.get("/api/v1/me", options, (request): MeAnswer => {
    const caller = callerOf(request);
    const { name, role } = actorOf(request);
    return caller.kind === "operator" || caller.kind === "token"
      ? { name: caller.name, role, kind: caller.kind }
      : { name, role, kind: "anyone" };
  });
}

function mountSession(scope: HttpDoor, parts: Parts): void {
  const { operators, sessions, callers, log } = parts;
  scope.post<{ Body: LoginBody }>(
    "/api/v1/login",
    { config: { isOpen: true }, schema: { body: LoginBody } },
    async (request, reply) => {
      const name = request.body.name.trim().toLowerCase();
      const operator = await operators.find(name);
      const isRight = await checked(request, reply, {
        parts,
        name,
        refusal: refusals.login,
        check: async () => {
          const hash = operator?.passwordHash ?? (await parts.nobodysHash);
          const isSame = await verifyPassword(spelled(request.body.password), hash);
          return isSame && operator !== null && !operator.isDisabled;
        },
      });
      if (!isRight) return reply;
      // Of a session that was there before nothing is taken over.
      const before = callerOf(request);
      if (before.kind === "operator") await sessions.end(before.hash);
      const passwordHash = operator?.passwordHash ?? "";
      if (!(await beginSession(request, reply, { parts, name, passwordHash }))) return reply;
      log.info({ operator: name, address: callers.peerOf(request.raw).address }, "operator logged in");
      return reply.send({ name, role: operator?.role, kind: "operator" });
    },
  );
  scope.post("/api/v1/logout", { config: { isOpen: true } }, async (request, reply) => {
    const caller = callerOf(request);
    if (caller.kind === "operator") await sessions.end(caller.hash);
    reply.header("Set-Cookie", setCookie(callers.peerOf(request.raw), null));
    return reply.code(204).send();
  });
}

function mountFirstAdmin(scope: HttpDoor, parts: Parts): void {
  const { operators, log } = parts;
  scope.post<{ Body: FirstAdminBody }>(
    "/api/v1/first-admin",
    { config: { isOpen: true }, schema: { body: FirstAdminBody } },
    async (request, reply) => {
      const { token, name, password } = request.body;
      const fault = passwordFault(password, name);
      if (fault !== undefined) return weak(reply, fault);
      let passwordHash = "";
      const isMade = await checked(request, reply, {
        parts,
        name: "(first admin)",
        refusal: refusals.firstAdmin,
        check: async () => {
          passwordHash = await hashPassword(spelled(password), "chosen");
          return operators.takeFirstAdmin(hashOf(token), { name, passwordHash });
        },
      });
      if (!isMade) return reply;
      if (!(await beginSession(request, reply, { parts, name, passwordHash }))) return reply;
      log.info({ operator: name }, "first admin made");
      return reply.code(201).send({ name, role: "admin", kind: "operator" });
    },
  );
}

function mountOwnPassword(scope: HttpDoor, parts: Parts): void {
  const { operators } = parts;
  scope.post<{ Body: OwnPasswordBody }>(
    "/api/v1/me/password",
    { config: { needs: "viewer", isForPeople: true }, schema: { body: OwnPasswordBody } },
    async (request, reply) => {
      const caller = callerOf(request);
      if (caller.kind !== "operator") return reply.callNotFound();
      const { name } = caller;
      const { current, next } = request.body;
      const fault = passwordFault(next, name);
      if (fault !== undefined) return weak(reply, fault);
      const operator = await operators.find(name);
      const isRight = await checked(request, reply, {
        parts,
        name,
        refusal: refusals.ownPassword,
        check: () => verifyPassword(spelled(current), operator?.passwordHash ?? ""),
      });
      if (!isRight) return reply;
      const passwordHash = await hashPassword(spelled(next), "chosen");
      await operators.setPassword(name, passwordHash, actorOf(request).name);
      // All sessions are over now, this one too.
      if (!(await beginSession(request, reply, { parts, name, passwordHash }))) return reply;
      return reply.code(204).send();
    },
  );
}

interface Check {
  readonly parts: Parts;
  readonly name: string;
  readonly check: () => Promise<boolean>;
  readonly refusal: { readonly status: 401 | 403; readonly code: string; readonly error: string };
}

const refusals = {
  login: { status: 401, code: "LOGIN_REFUSED", error: "no operator has this name and this password" },
  firstAdmin: {
    status: 403,
    code: "FIRST_ADMIN_REFUSED",
    error:
      "this link is used up or replaced; the newest stands in the log of the start, if there is no operator yet",
  },
  // Not 401: whoever asks is logged in.
  ownPassword: { status: 403, code: "PASSWORD_WRONG", error: "this is not your password" },
} as const;

/** Checks a secret as slowly as it must be; when it is not right the answer is given, and says no more than that. */
async function checked(
  request: FastifyRequest,
  reply: FastifyReply,
  { parts, name, check, refusal }: Check,
): Promise<boolean> {
  const { brake, callers, now, log, metrics } = parts;
  const { address } = callers.peerOf(request.raw);
  const outcome = await brake.attempt({ name, address, nowMs: now() / 1000 }, check);
  if (outcome.kind === "right") return true;
  const { code } = outcome.kind === "wrong" ? refusal : tooOften;
  metrics.httpRefused.inc({ code });
  log.warn({ operator: name, address, code }, "login refused");
  if (outcome.kind === "wrong") void reply.code(refusal.status).send({ error: refusal.error, code });
  else {
    const seconds = Math.ceil(outcome.ms / 1000);
    const error = `too many attempts; try again in ${seconds} s`;
    void reply.code(429).header("Retry-After", seconds).send({ error, code });
  }
  return false;
}

const tooOften = { code: "LOGIN_TOO_OFTEN" } as const;

interface Login {
  readonly parts: Parts;
  readonly name: string;
  readonly passwordHash: string;
}

/**
 * A new secret at each login, so that none which was there before, or was planted, comes to mean anything. When the password was
 * changed while it was being checked the answer is given.
 */
async function beginSession(
  request: FastifyRequest,
  reply: FastifyReply,
  { parts: { sessions, callers }, name, passwordHash }: Login,
): Promise<boolean> {
  const secret = newSecret();
  const hasBegun = await sessions.begin(hashOf(secret), { name, passwordHash });
  if (hasBegun) reply.header("Set-Cookie", setCookie(callers.peerOf(request.raw), secret));
  else void reply.code(401).send({ error: refusals.login.error, code: refusals.login.code });
  return hasBegun;
}

/** Answers what is wrong with a new password. */
export function weak(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(400).send({ error, code: "PASSWORD_WEAK" });
}
