import { expect, test } from "vitest";
import { toClientTypes } from "../../web/contract/client-types.ts";
import { openBareWeb } from "../harness/bare-web.ts";

test("the client's types are those of the contract; made anew with: npx vitest run --project rules client-types -u", async () => {
  const web = await openBareWeb();
  const openApi = (await web.door.inject("/docs/openapi.json")).json();
  await web.stop();
  await expect(toClientTypes(openApi)).toMatchFileSnapshot("../../web/client/api/paths.ts");
});
