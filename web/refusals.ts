import type { FastifyReply } from "fastify";
import type { Refusal } from "../platform/access/access-desk.ts";

/** Answers with why something was not done. */
export function refuse(
  reply: FastifyReply,
  status: number,
  { code, reason }: { readonly code: string; readonly reason: string },
): FastifyReply {
  return reply.code(status).send({ error: reason, code });
}

/** The same of access; of a list, with the lines at fault. */
export function refuseAccess(reply: FastifyReply, { code, reason, lines }: Refusal): FastifyReply {
  return reply.code(statusOf(code)).send({ error: reason, code, ...(lines === undefined ? {} : { lines }) });
}

function statusOf(code: Refusal["code"]): number {
  switch (code) {
    case "DEVICE_ID_INVALID":
    case "PASSWORD_INVALID":
    case "NAME_INVALID":
    case "TOPIC_FILTER_INVALID":
    case "LIST_INVALID":
    case "TOO_MANY_CHOSEN_PASSWORDS":
      return 400;
    case "CLAIM_EXPIRED":
    case "CLAIM_USED_UP":
      return 403;
    case "NOT_PROVISIONED":
    case "CLAIM_UNKNOWN":
      return 404;
    case "DEVICE_EXISTS":
    case "NAME_TAKEN":
      return 409;
  }
}
