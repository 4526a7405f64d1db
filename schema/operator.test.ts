import { describe, expect, test } from "vitest";
import { type Caller, judge, nameOf, passwordFault, spelled } from "./operator.ts";

const reading = { role: "viewer", path: "/api/v1/devices", isChange: false, isForPeople: false } as const;
const ada = { kind: "operator", name: "ada", role: "operator", hash: "" } as const;
const token = {
  kind: "token",
  name: "ci",
  role: "admin",
  isReadOnly: false,
  paths: null,
  hash: "",
} as const;

describe("what a caller may have", () => {
  test.each<[string, Caller, Partial<Parameters<typeof judge>[1]>, ReturnType<typeof judge>]>([
    ["anyone may all", { kind: "anyone" }, { role: "admin", isForPeople: true }, "allowed"],
    ["nobody may nothing", { kind: "nobody" }, {}, "unknown"],
    ["an operator reaches down", ada, {}, "allowed"],
    ["and to the own role", ada, { role: "operator", isChange: true }, "allowed"],
    ["and not up", ada, { role: "admin" }, "forbidden"],
    ["a token has a role too", { ...token, role: "viewer" }, { role: "operator" }, "forbidden"],
    ["a token gives no access", token, { role: "admin", isForPeople: true }, "forbidden"],
    ["one that only reads changes nothing", { ...token, isReadOnly: true }, { isChange: true }, "forbidden"],
    ["and reads", { ...token, isReadOnly: true }, { role: "admin" }, "allowed"],
    ["one of a path has the path", { ...token, paths: ["/api/v1/devices"] }, {}, "allowed"],
    [
      "and what is below",
      { ...token, paths: ["/api/v1/devices"] },
      { path: "/api/v1/devices/a/x" },
      "allowed",
    ],
    [
      "and not what begins alike",
      { ...token, paths: ["/api/v1/devices"] },
      { path: "/api/v1/devices2" },
      "forbidden",
    ],
    ["and nothing else", { ...token, paths: ["/api/v1/audit"] }, {}, "forbidden"],
  ])("%s", (...[, caller, asked, verdict]) => {
    expect(judge(caller, { ...reading, ...asked })).toBe(verdict);
  });
});

test("the record of changes tells people from programs", () => {
  expect([ada, token, { kind: "anyone" } as const].map(nameOf)).toEqual([
    "operator:ada",
    "token:ci",
    "anyone",
  ]);
});

test.each([
  ["short-enough", undefined],
  ["too-short-1", /12 to 256/],
  ["x".repeat(257), /12 to 256/],
  ["abababababab", /five different/],
  ["i-am-Adalbert!", /the name/],
])("the password %s of adalbert", (password, fault) => {
  if (fault === undefined) expect(passwordFault(password, "adalbert")).toBeUndefined();
  else expect(passwordFault(password, "adalbert")).toMatch(fault);
});

test("two spellings of an accent are one password", () => {
  expect(spelled("Cafe\u0301")).toBe(spelled("Caf\u00e9"));
});
