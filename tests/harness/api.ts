/** The API of a web service, as a test asks it. */
export interface Api {
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  postCsv(path: string, text: string): Promise<Answer>;
  delete(path: string): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Speaks to the API below `url`, such as `http://127.0.0.1:8080`. */
export function apiAt(url: string): Api {
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(`${url}/api/v1/${path}`, init);
    const text = await answer.text();
    return { status: answer.status, text, body: parsed(text) };
  };
  const json = { "content-type": "application/json" };
  return {
    get: (path) => ask(path),
    post: (path, body = {}) => ask(path, { method: "POST", headers: json, body: JSON.stringify(body) }),
    put: (path, body) => ask(path, { method: "PUT", headers: json, body: JSON.stringify(body) }),
    postCsv: (path, text) =>
      ask(path, { method: "POST", headers: { "content-type": "text/csv" }, body: text }),
    delete: (path) => ask(path, { method: "DELETE" }),
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
