import type { Program } from "./program.ts";

export const passwords = {
  ada: "correct horse battery",
  ben: "staple of the stable",
  cleo: "battery of the staple",
} as const;

/** One sender of requests to the API: with the cookie of a session, a token, or nothing. */
export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
  /** Answers with the status and what the body says. */
  ask(path: string, request?: { method?: string; body?: unknown; headers?: object }): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  // As the platform answers by its schemas; tests name what they look at.
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** Sends requests to an API as whoever these headers speak for. */
export function callerAt(base: string, headers: Readonly<Record<string, string>> = {}): Caller {
  return {
    headers,
    ask: async (path, { method, body, headers: others } = {}) => {
      const response = await fetch(`${base}/api/v1/${path}`, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
          ...others,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: text === "" ? {} : JSON.parse(text),
        headers: response.headers,
      };
    },
  };
}

/** Logs in, or makes the first admin; the cookie is that of the answer. */
export async function comeIn(base: string, path: "login" | "first-admin", body: object): Promise<Caller> {
  const { status, body: answer, headers } = await callerAt(base).ask(path, { body });
  const [cookie = ""] = (headers.get("set-cookie") ?? "").split(";");
  if (cookie === "") throw new Error(`${path} answered ${status}: ${JSON.stringify(answer)}`);
  return callerAt(base, { cookie });
}

/** The first admin of a platform that has just been started for the first time. */
export async function firstAdminOf(program: Program): Promise<Caller> {
  const { console: base = "", firstAdmin: token } = await program.ready();
  return comeIn(base, "first-admin", { token, name: "ada", password: passwords.ada });
}
