import type { SavedView } from "../../../schema/saved-view.ts";
import { api, ask, demand } from "../api/asking.ts";
import { type DeviceFilter, toQuery } from "./device-filter.ts";

/** The views of this list: one's own and the shared ones, by name. */
export async function fetchViews(): Promise<readonly SavedView[]> {
  const query = { page: "devices" } as const;
  return (await ask(() => api.GET("/api/v1/views", { params: { query } }))).views;
}

/** Keeps a filter under a name. */
export async function saveView(name: string, filter: DeviceFilter, isShared: boolean): Promise<void> {
  const body = { page: "devices", name, query: queryOf(filter), isShared } as const;
  await demand(() => api.POST("/api/v1/views", { body }));
}

export async function renameView(id: number, name: string): Promise<void> {
  await demand(() => api.PATCH("/api/v1/views/{id}", { params: { path: { id } }, body: { name } }));
}

/** Gives a view another filter. */
export async function refillView(id: number, filter: DeviceFilter): Promise<void> {
  const wish = { params: { path: { id } }, body: { query: queryOf(filter) } };
  await demand(() => api.PATCH("/api/v1/views/{id}", wish));
}

export async function removeView(id: number): Promise<void> {
  await demand(() => api.DELETE("/api/v1/views/{id}", { params: { path: { id } } }));
}

/** Where a view is shown. */
export function addressOf({ query }: Pick<SavedView, "query">): string {
  const search = new URLSearchParams(Object.entries(query)).toString();
  return search === "" ? "/devices" : `/devices?${search}`;
}

/** What a filter asks for, without what is as usual. */
export function queryOf(filter: DeviceFilter): SavedView["query"] {
  return Object.fromEntries(Object.entries(toQuery(filter)).filter(([, value]) => value !== ""));
}
