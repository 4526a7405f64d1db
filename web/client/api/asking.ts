import { signedOut } from "../shell/signing.ts";
import { type Answered, openApiClient } from "./client.ts";

const answerTimeoutMs = 10_000;
/** A replay of many waits until all of it is safe. */
const workTimeoutMs = 60_000;

/**
 * The API of the server that served this page. A path, a parameter or a field that the contract does not know does not compile. The type
 * of the body is named also where there is none: the server takes no POST that another site's form could have sent.
 */
export const api = openApiClient("", { fetch: send, headers: { "content-type": "application/json" } });

let bearer: string | undefined;

/** From now on this token speaks for the page, and no session. */
export function askWith(token: string): void {
  bearer = token;
}

async function send(request: Request): Promise<Response> {
  if (bearer !== undefined) request.headers.set("authorization", `Bearer ${bearer}`);
  const timeoutMs = request.method === "GET" ? answerTimeoutMs : workTimeoutMs;
  try {
    return await fetch(request, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new Error("The server cannot be reached.", { cause });
  }
}

/** Asks, and asks again when somebody has logged in in between. */
async function settle<Data>(question: () => Promise<Answered<Data>>): Promise<Answered<Data>> {
  for (;;) {
    const answered = await question();
    if (answered.response.status !== 401) return answered;
    await signedOut();
  }
}

/**
 * Asks a question of `api`: `ask(() => api.GET("/api/v1/me"))`.
 * @throws with a sentence for the operator when the server does not answer, or answers with an error.
 */
export async function ask<Data>(question: () => Promise<Answered<Data>>): Promise<Data> {
  const answered = await settle(question);
  const { response } = answered;
  const isOurs = [403, 404].includes(response.status) && answered.error !== undefined;
  // Who may not ask, and what is not there, the server says best.
  if ((response.ok && answered.error === undefined) || isOurs) return sayingWhy(answered);
  const path = new URL(response.url).pathname.replace("/api/v1/", "");
  throw new Error(`The server answered ${response.status} to ${path}.`);
}

/**
 * Asks for a change by an operator.
 * @throws with the sentence of the server, which says what is wrong with it.
 */
export async function demand<Data>(question: () => Promise<Answered<Data>>): Promise<Data> {
  return sayingWhy(await settle(question));
}

/** What was answered. @throws with the sentence of the server */
export function sayingWhy<Data>(answered: Answered<Data>): Data {
  if (answered.response.ok && answered.error === undefined) return answered.data;
  // An error that a proxy made has no sentence of ours.
  const text = answered.error?.error ?? `The server answered ${answered.response.status}`;
  throw new Error(`${text[0]?.toUpperCase()}${text.slice(1)}.`);
}
