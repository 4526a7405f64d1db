import type { OpenPage, Place } from "./page.ts";

/** A path of the console and the page that it opens. */
export interface Route {
  /** `/devices/:id`: a part that begins with a colon stands for any text without a slash. */
  readonly pattern: string;
  /** The page is in the navigation by this name. */
  readonly label?: string;
  /** `g` and then this key lead there. */
  readonly key?: string;
  readonly load: () => Promise<{ readonly open: OpenPage }>;
}

/** The place that an address names and the route that leads there, or undefined where there is no page. */
export function matchRoute<Kind extends Pick<Route, "pattern">>(
  routes: readonly Kind[],
  { pathname, search }: Pick<URL, "pathname" | "search">,
): { readonly route: Kind; readonly place: Place } | undefined {
  for (const route of routes) {
    const params = matchPath(route.pattern, pathname);
    if (params !== undefined)
      return { route, place: { path: pathname, params, query: new URLSearchParams(search) } };
  }
  return undefined;
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = toParts(pattern);
  const parts = toParts(path);
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, want] of wanted.entries()) {
    const part = decoded(parts[at] ?? "");
    if (part === undefined) return undefined;
    if (want.startsWith(":")) params[want.slice(1)] = part;
    else if (want !== part) return undefined;
  }
  return params;
}

function toParts(path: string): readonly string[] {
  return path.split("/").filter((part) => part !== "");
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The path with this query, without what is undefined or empty. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const kept = Object.entries(query).filter((pair): pair is [string, string] => (pair[1] ?? "") !== "");
  const search = new URLSearchParams(kept).toString();
  return search === "" ? path : `${path}?${search}`;
}
