import { expect, test } from "vitest";
import { readOperatorCommand } from "./operator-command.ts";

const read = (line: string) => readOperatorCommand(["operators", ...line.split(" ").filter(Boolean)]);

test.each([
  ["add ada --role admin", { verb: "add", name: "ada", role: "admin" }],
  ["role ada --role viewer", { verb: "role", name: "ada", role: "viewer" }],
  ["password ada", { verb: "password", name: "ada" }],
  ["disable ada", { verb: "disable", name: "ada" }],
  ["list", { verb: "list" }],
])("operators %s is understood", (line, command) => {
  expect(read(line)).toEqual({ noun: "operators", ...command });
});

test.each([
  ["", /no command operators$/],
  ["frobnicate ada", /no command operators frobnicate/],
  ["add ada", /--role, one of viewer, operator, admin/],
  ["add ada --role king", /--role/],
  ["add Ada --role admin", /small letters/],
  ["delete", /small letters/],
  ["delete ada ben", /one name/],
])("operators %s is a mistake", (line, mistake) => {
  expect(read(line)).toEqual({ mistake: expect.stringMatching(mistake) });
});
