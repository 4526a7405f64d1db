import type { FastifyRequest } from "fastify";
import type { Role } from "../schema/access.ts";
import { type Caller, nameOf } from "../schema/operator.ts";

/** Who asks, as far as a route needs to know. */
export interface Actor {
  /** As the record of changes names them: `operator:ada`, `token:ci`, `anyone`. */
  readonly name: string;
  readonly role: Role;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** The role that a route under `/api/v1` needs; one that names none, and is not `isOpen`, is open to nobody. */
    needs?: Role;
    /** For whoever comes: what one logs in with. */
    isOpen?: true;
    /** Also for charts on pages elsewhere, if `device` in the query is theirs. */
    isForEmbeds?: true;
    /** Not with an API token: what gives access must not be reached with what was given away. */
    isForPeople?: true;
    /** The content type of its POST, if that is not JSON. Never one that a form of another site can send. */
    takes?: "text/csv";
  }
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Remembers who asks, once it is known. */
export function identify(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Who asks, with what speaks for them. */
export function callerOf(request: FastifyRequest): Caller {
  return callers.get(request) ?? { kind: "nobody" };
}

/** Who asks. A route that is not `isOpen` is only reached by somebody. */
export function actorOf(request: FastifyRequest): Actor {
  const caller = callerOf(request);
  const isNamed = caller.kind === "operator" || caller.kind === "token";
  if (isNamed) return { name: nameOf(caller), role: caller.role };
  return { name: "anyone", role: caller.kind === "anyone" ? "admin" : "viewer" };
}
