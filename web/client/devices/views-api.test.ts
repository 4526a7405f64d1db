import { expect, test } from "vitest";
import { filterOf } from "./device-filter.ts";
import { addressOf, queryOf } from "./views-api.ts";

test("keeps of a filter what is not as usual, and leads back to the same filter", () => {
  const filter = filterOf(new URLSearchParams("q=oven 1&state=stale&sort=alarms"));
  const query = queryOf(filter);
  expect(query).toEqual({ q: "oven 1", state: "stale", sort: "alarms" });
  const address = addressOf({ query });
  expect(address).toBe("/devices?q=oven+1&state=stale&sort=alarms");
  expect(filterOf(new URL(address, "http://a").searchParams)).toEqual(filter);
  expect(addressOf({ query: queryOf(filterOf(new URLSearchParams())) })).toBe("/devices");
});
