import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./paths.ts";

/** A client of the API that knows what each route takes and answers. `baseUrl` is where the console is, without a slash at its end. */
export function openApiClient(
  baseUrl: string,
  options: { fetch?: (request: Request) => Promise<Response>; headers?: Record<string, string> } = {},
): Client<paths> {
  return createClient<paths>({ baseUrl, ...options });
}
