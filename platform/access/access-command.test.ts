import { describe, expect, test } from "vitest";
import { readCommandLine } from "../command-line.ts";
import { readAccessCommand } from "./access-command.ts";

const read = (line: string) => readAccessCommand(line.split(" "));

test("a command is read with its names and options, and defaults for those left out", () => {
  expect(read("devices add a b --labels site=hall;line=3 --no-password")).toMatchObject({
    noun: "devices",
    verb: "add",
    names: ["a", "b"],
    labels: { site: "hall", line: "3" },
    hasPassword: false,
    overlapSeconds: 86_400,
  });
  expect(read("services add bridge --publish a/# --publish b --subscribe $SYS/#")).toMatchObject({
    publish: ["a/#", "b"],
    subscribe: ["$SYS/#"],
  });
  expect(read("devices rotate a --overlap-hours 0.5")).toMatchObject({ overlapSeconds: 1800 });
  expect(read("claims add line-3 --uses 20 --hours 1")).toMatchObject({ uses: 20, hours: 1 });
  expect(readCommandLine(["devices", "list"])).toMatchObject({
    kind: "administer",
    command: { verb: "list" },
  });
});

describe("a mistake is told", () => {
  test.each([
    ["devices", /no command devices$/],
    ["devices paint a", /no command devices paint/],
    ["claims rotate a", /no command/],
    ["devices add", /several names, got 0/],
    ["devices revoke a b", /one name, got 2/],
    ["devices list a", /none names|got 1/],
    ["devices add a --labels site", /--labels/],
    ["devices rotate a --overlap-hours soon", /--overlap-hours/],
    ["devices rotate a --overlap-hours 9999", /--overlap-hours/],
    ["claims add a --uses 0", /--uses/],
    ["claims add a --hours 0", /--hours/],
  ])("in %s", (line, mistake) => {
    expect(read(line)).toMatchObject({ mistake: expect.stringMatching(mistake) });
    expect(readCommandLine(line.split(" "))).toMatchObject({ kind: "print", exitCode: 2 });
  });
  test("in an option or a service that does not exist", () => {
    expect(readCommandLine(["devices", "add", "a", "--colour", "red"])).toMatchObject({ exitCode: 2 });
    expect(readCommandLine(["constructor"])).toMatchObject({ exitCode: 2 });
  });
});
