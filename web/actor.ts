import type { FastifyRequest } from "fastify";
import type { Role } from "../schema/access.ts";

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
    /** The content type of its POST, if that is not JSON. Never one that a form of another site can send. */
    takes?: "text/csv";
  }
}

/** Where nobody is asked who they are: the platform is bound to loopback without access control. */
const anyone: Actor = { name: "anyone", role: "admin" };

const actors = new WeakMap<FastifyRequest, Actor>();

/** Remembers who asks, once it is known. */
export function identify(request: FastifyRequest, actor: Actor): void {
  actors.set(request, actor);
}

/** Who asks. */
export function actorOf(request: FastifyRequest): Actor {
  return actors.get(request) ?? anyone;
}
