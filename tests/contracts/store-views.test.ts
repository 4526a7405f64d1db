import { sql } from "kysely";
import { expect, test } from "vitest";
import { openOperatorStore } from "../../platform/access/operator-store.ts";
import { openSavedViewStore } from "../../platform/console/view-store.ts";
import { savedViewLimit } from "../../schema/saved-view.ts";
import { engines, onEach } from "./databases.ts";

const ada = { name: "operator:ada", mayShare: true, mayTidy: true };
const ben = { name: "operator:ben", mayShare: true, mayTidy: false };
const eve = { name: "operator:eve", mayShare: false, mayTidy: false };
const late = { page: "devices", name: "Late ovens", query: { q: "oven", state: "stale" } } as const;

onEach(engines, "the store of saved views", (stores) => {
  const views = () => openSavedViewStore(stores().database);
  const add = async (name: string, by: typeof ada, isShared = false) => {
    const outcome = await views().add({ ...late, name, isShared }, by);
    return outcome.kind === "done" ? outcome.view.id : outcome.kind;
  };
  const named = async (owner: string) => (await views().list("devices", owner)).map(({ name }) => name);
  const changes = () => stores().audit.list({ limit: 10 });

  test("shows everybody their own and the shared ones, by name", async () => {
    await add("b of ada", ada);
    await add("a of ben", ben, true);
    await add("c of eve", eve);
    expect(await named("operator:ada")).toEqual(["a of ben", "b of ada"]);
    expect(await named("operator:eve")).toEqual(["a of ben", "c of eve"]);
    expect(await views().list("devices", "operator:ada")).toMatchObject([
      { owner: "operator:ben", isOwn: false, isShared: true, query: late.query },
      { owner: "operator:ada", isOwn: true, isShared: false },
    ]);
  });

  test("lets each name be taken once by each, and by others all the same", async () => {
    expect(await add("Late", ada)).toEqual(expect.any(Number));
    expect(await add("Late", ada)).toBe("name-taken");
    expect(await add("Late", ben)).toEqual(expect.any(Number));
    const second = Number(await add("Later", ada));
    expect(await views().change(second, { name: "Late" }, ada)).toEqual({ kind: "name-taken" });
    expect(await views().change(second, { name: "Later", query: { sort: "alarms" } }, ada)).toMatchObject({
      kind: "done",
      view: { name: "Later", query: { sort: "alarms" } },
    });
  });

  test("shares for those who may, and lets shared ones be changed by their owner and by who tidies up", async () => {
    expect(await add("mine", eve, true)).toBe("forbidden");
    const own = Number(await add("mine", eve));
    expect(await views().change(own, { isShared: true }, eve)).toEqual({ kind: "forbidden" });
    // What others keep for themselves is none to be seen, for nobody.
    expect(await views().change(own, { name: "hers" }, ada)).toEqual({ kind: "unknown" });
    const shared = Number(await add("ours", ben, true));
    expect(await views().change(shared, { name: "hers" }, eve)).toEqual({ kind: "forbidden" });
    expect(await views().remove(shared, eve)).toEqual({ kind: "forbidden" });
    expect(await views().remove(shared, ada)).toMatchObject({ kind: "done", view: { name: "ours" } });
    expect(await views().remove(shared, ada)).toEqual({ kind: "unknown" });
    expect(await changes()).toMatchObject([
      { by: "operator:ada", action: "view.remove", target: "ours", before: { name: "ours" }, after: null },
      { by: "operator:ben", action: "view.add", target: "ours", before: null },
    ]);
  });

  test("keeps so many of each and no more", async () => {
    await sql`INSERT INTO saved_views (owner, page, name, query, shared)
      SELECT ${eve.name}, 'devices', 'view ' || at, '{}', false
      FROM generate_series(1, ${savedViewLimit}::integer) AS at`.execute(stores().database.db);
    expect(await add("one more", eve)).toBe("too-many");
    expect(await add("one more", ben)).toEqual(expect.any(Number));
  });

  test("forgets what a removed operator kept, and leaves what they shared", async () => {
    const operators = openOperatorStore(stores().database);
    await operators.add({ name: "ben", role: "operator", passwordHash: "x" }, "operator:root");
    await add("kept", ben);
    await add("shared", ben, true);
    await operators.remove("ben", "operator:root");
    expect(await named("operator:ben")).toEqual(["shared"]);
  });
});
