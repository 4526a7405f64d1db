import { describe, expect, test } from "vitest";
import { matchRoute, withQuery } from "./router.ts";

const routes = ["/", "/devices", "/devices/:id", "/alarms/:id"].map((pattern) => ({ pattern }));
const match = (address: string) => matchRoute(routes, new URL(address, "http://tidemark.test"));

describe("an address", () => {
  test.each([
    ["/", "/"],
    ["/devices", "/devices"],
    ["/devices/", "/devices"],
    ["/devices/press-01", "/devices/:id"],
    ["/alarms/7", "/alarms/:id"],
  ])("%s is the place of %s", (address, pattern) => {
    expect(match(address)?.route.pattern).toBe(pattern);
  });

  test.each(["/nowhere", "/devices/a/b", "/alarms", "/devices/%E0%A4%A"])("%s is no place", (address) => {
    expect(match(address)).toBeUndefined();
  });

  test("gives the parts that its route names as they were before they were written into it", () => {
    expect(match("/devices/oven%20%C3%BC%3F")?.place.params).toEqual({ id: "oven ü?" });
  });

  test("gives its query", () => {
    expect(match("/devices?q=oven&sort=seen")?.place.query.get("sort")).toBe("seen");
  });
});

test("a query is written without what is undefined or empty", () => {
  expect(withQuery("/devices", { q: "a b", type: "", sort: undefined })).toBe("/devices?q=a+b");
  expect(withQuery("/devices", {})).toBe("/devices");
});
