import { expect, test } from "vitest";
import { type AdministrationDeps, administer } from "./access-administration.ts";
import { readAccessCommand } from "./access-command.ts";

test("a list of devices that cannot be read is named in a sentence", async () => {
  const command = readAccessCommand(["devices", "import", "/nowhere/list.csv"]);
  if ("mistake" in command) throw new Error(command.mistake);
  // It is read before anything is asked of these.
  const nothing = { desk: {} } as AdministrationDeps;
  await expect(administer(command, nothing)).rejects.toMatchObject({
    code: "INPUT_UNREADABLE",
    message: expect.stringMatching(/^cannot read the list of devices: ENOENT.*\/nowhere\/list\.csv/),
  });
});
