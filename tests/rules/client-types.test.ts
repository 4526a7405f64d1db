import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { toClientTypes } from "../../web/contract/client-types.ts";
import { openBareWeb } from "../harness/bare-web.ts";

test("the client's types are those of the contract; made anew with: npx vitest run --project rules client-types -u", async () => {
  const web = await openBareWeb();
  const openApi = (await web.door.inject("/docs/openapi.json")).json();
  await web.stop();
  await expect(toClientTypes(openApi)).toMatchFileSnapshot("../../web/client/api/paths.ts");
});

test("the console asks the server through the typed client alone", () => {
  const root = "web/client";
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const asking = files.filter((name) => /\bfetch\(/.test(readFileSync(`${root}/${name}`, "utf8")));
  expect(asking).toEqual(["api/asking.ts"]);
});
