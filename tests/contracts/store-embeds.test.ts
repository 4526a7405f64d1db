import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openEmbedStore } from "../../platform/access/embed-store.ts";
import { engines, onEach } from "./databases.ts";
import { nowUs } from "./samples.ts";

const by = "operator:root";
const board = { deviceId: "press-1", label: "board in hall 2", days: 1, hash: "hash of board" };

onEach(engines, "the store of embedded charts", (stores) => {
  const embeds = () => openEmbedStore(stores().database);

  test("knows which device a token is for until it expires, and when it was used", async () => {
    const made = await embeds().add(board, by);
    expect(made).toMatchObject({ deviceId: "press-1", label: "board in hall 2", createdBy: by });
    expect(Math.abs((made.expiresUs ?? 0) - nowUs() - 86_400e6)).toBeLessThan(60e6);
    expect(await embeds().find("another hash")).toBeNull();
    expect(await embeds().living(["hash of board"])).toEqual(new Set(["hash of board"]));
    expect(await embeds().list()).toMatchObject([{ lastUsedUs: null }]);
    expect(await embeds().find("hash of board")).toEqual({ deviceId: "press-1", label: "board in hall 2" });
    expect(await embeds().list()).toMatchObject([{ lastUsedUs: expect.any(Number) }]);
    await sql`UPDATE embeds SET expires_at = now()`.execute(stores().database.db);
    expect(await embeds().find("hash of board")).toBeNull();
    expect(await embeds().living(["hash of board"])).toEqual(new Set());
    expect(await embeds().list()).toHaveLength(1);
  });

  test("lists those of one device or of all, and lets one without an end live on", async () => {
    await embeds().add({ ...board, days: null }, by);
    await embeds().add({ ...board, deviceId: "oven-1", hash: "hash of oven" }, by);
    expect(await embeds().list()).toMatchObject([{ deviceId: "oven-1" }, { deviceId: "press-1" }]);
    expect(await embeds().list("press-1")).toMatchObject([{ deviceId: "press-1", expiresUs: null }]);
    expect(await embeds().find("hash of board")).not.toBeNull();
  });

  test("revokes one at once, and records both, never its hash", async () => {
    const { id } = await embeds().add(board, by);
    expect(await embeds().revoke(randomUUID(), by)).toBe(false);
    expect(await embeds().revoke(id, by)).toBe(true);
    expect(await embeds().find("hash of board")).toBeNull();
    const changes = await stores().audit.list({ target: "press-1", limit: 10 });
    expect(changes).toMatchObject([
      { by, action: "embed.revoke", before: { id, label: "board in hall 2" }, after: null },
      { by, action: "embed.add", before: null, after: { id, label: "board in hall 2" } },
    ]);
    expect(JSON.stringify(changes)).not.toContain("hash of");
  });
});
