import createClient, { type ParamsOption, type RequestBodyOption } from "openapi-fetch";
import type { paths } from "./paths.ts";

type Verb = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

/** What a call comes to: the answer, or why there is none. */
export type Answered<Answer> =
  | { readonly data: Answer; readonly error?: never; readonly response: Response }
  | {
      readonly data?: never;
      readonly error: { readonly error: string; readonly code: string };
      readonly response: Response;
    };

type Operation<Path extends keyof paths, Of extends Verb> = paths[Path][Lowercase<Of>];
type PathsWith<Of extends Verb> = {
  [Path in keyof paths]: Operation<Path, Of> extends { responses: unknown } ? Path : never;
}[keyof paths];
type Wish<Asked> = ParamsOption<Asked> & RequestBodyOption<Asked>;
type ContentOf<Response> = Response extends { content: infer Content } ? Content[keyof Content] : undefined;
/** Of whichever status that is none of a refusal. */
type AnswerOf<Asked> = Asked extends { responses: infer Responses }
  ? { [Status in Exclude<keyof Responses, "default">]: ContentOf<Responses[Status]> }[Exclude<
      keyof Responses,
      "default"
    >]
  : never;

/**
 * The routes of the API by verb. Told apart from the client's own type, which makes arrays of tuples and takes fields in a call that it
 * does not know.
 */
export type ApiClient = {
  readonly [Of in Verb]: <Path extends PathsWith<Of>>(
    path: Path,
    ...wish: object extends Wish<Operation<Path, Of>>
      ? [wish?: Wish<Operation<Path, Of>>]
      : [wish: Wish<Operation<Path, Of>>]
  ) => Promise<Answered<AnswerOf<Operation<Path, Of>>>>;
};

/** A client of the API that knows what each route takes and answers. `baseUrl` is where the console is, without a slash at its end. */
export function openApiClient(
  baseUrl: string,
  options: { fetch?: (request: Request) => Promise<Response>; headers?: Record<string, string> } = {},
): ApiClient {
  // The same functions, typed by the same paths.
  return createClient<paths>({ baseUrl, ...options }) as unknown as ApiClient;
}
