import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openOperatorStore } from "../../platform/access/operator-store.ts";
import { openSessionStore } from "../../platform/access/session-store.ts";
import { openTokenStore } from "../../platform/access/token-store.ts";
import { engines, onEach, openAt } from "./databases.ts";
import { nowUs } from "./samples.ts";

const by = "operator:root";
const spans = { idleMs: 60_000, longestMs: 3_600_000 };

const ada = { name: "ada", role: "admin", passwordHash: "hash of ada" } as const;
const ben = { name: "ben", role: "viewer", passwordHash: "hash of ben" } as const;

onEach(engines, "the store of operators", (stores, engine) => {
  const operators = () => openOperatorStore(stores().database);
  const sessions = () => openSessionStore(stores().database, spans);
  const changes = async () => (await stores().audit.list({ limit: 10 })).toReversed();

  test("gives them by name, with their password only to who asks for one", async () => {
    expect(await operators().add(ben, by)).toBe(true);
    expect(await operators().add(ada, by)).toBe(true);
    expect(await operators().add({ ...ada, role: "viewer" }, by)).toBe(false);
    const list = await operators().list();
    expect(list).toEqual([
      { name: "ada", role: "admin", isDisabled: false, createdUs: expect.any(Number), lastLoginUs: null },
      expect.objectContaining({ name: "ben", role: "viewer" }),
    ]);
    expect(Math.abs((list[0]?.createdUs ?? 0) - nowUs())).toBeLessThan(60e6);
    expect(await operators().find("ada")).toMatchObject({ passwordHash: "hash of ada", role: "admin" });
    expect(await operators().find("eve")).toBeNull();
    expect(await changes()).toMatchObject([
      { by, action: "operator.add", target: "ben", after: { role: "viewer" } },
      { by, action: "operator.add", target: "ada", after: { role: "admin" } },
    ]);
  });

  test("ends the sessions of whoever gets another role or password, is disabled or removed, and of nobody else", async () => {
    await operators().add(ada, by);
    for (const end of [
      () => operators().change("ben", { role: "operator" }, by),
      () => operators().change("ben", { isDisabled: true }, by),
      () => operators().setPassword("ben", "another", by),
      () => operators().remove("ben", by),
    ]) {
      await operators().remove("ben", by);
      await operators().add(ben, by);
      const [own, other] = [randomUUID(), randomUUID()];
      await sessions().begin(own, ben);
      await sessions().begin(other, ada);
      expect(await sessions().living([own, other])).toEqual(new Set([own, other]));
      await end();
      expect(await sessions().living([own, other])).toEqual(new Set([other]));
    }
    // Nothing changed, nothing ends.
    const hash = randomUUID();
    await sessions().begin(hash, ada);
    expect(await operators().change("ada", { role: "admin" }, by)).toBe("done");
    expect(await sessions().find(hash)).toEqual({ name: "ada", role: "admin" });
  });

  test("records what a change was, and never a password", async () => {
    await operators().add(ben, by);
    await operators().change("ben", { role: "operator", isDisabled: true }, by);
    await operators().setPassword("ben", "another hash", by);
    await operators().remove("ben", by);
    expect(await operators().setPassword("ben", "x", by)).toBe(false);
    expect((await changes()).slice(1)).toMatchObject([
      {
        action: "operator.change",
        before: { role: "viewer", isDisabled: false },
        after: { role: "operator", isDisabled: true },
      },
      { action: "operator.password", before: null, after: null },
      { action: "operator.remove", before: { role: "operator", isDisabled: true }, after: null },
    ]);
    expect(JSON.stringify(await changes())).not.toContain("hash");
  });

  test("leaves the last admin who can log in", async () => {
    await operators().add(ada, by);
    await operators().add({ ...ben, role: "admin" }, by);
    expect(await operators().change("ben", { isDisabled: true }, by)).toBe("done");
    expect(await operators().change("ada", { role: "operator" }, by)).toBe("last-admin");
    expect(await operators().change("ada", { isDisabled: true }, by)).toBe("last-admin");
    expect(await operators().remove("ada", by)).toBe("last-admin");
    expect(await operators().change("ben", { isDisabled: false }, by)).toBe("done");
    // Each removes the other at the same moment: one of them comes second.
    const outcomes = await Promise.all([operators().remove("ada", by), operators().remove("ben", by)]);
    expect(outcomes.toSorted()).toEqual(["done", "last-admin"]);
    expect(await operators().remove("eve", by)).toBe("unknown");
  });

  test("makes the first admin once, with the token offered last", async () => {
    const first = await operators().offerFirstAdmin("lost");
    await first?.stop();
    const second = await operators().offerFirstAdmin("shown");
    expect(second).not.toBeNull();
    const admin = { name: "ada", passwordHash: "hash of ada" };
    expect(await operators().takeFirstAdmin("lost", admin)).toBe(false);
    const outcomes = await Promise.all([
      operators().takeFirstAdmin("shown", admin),
      operators().takeFirstAdmin("shown", { ...admin, name: "eve" }),
    ]);
    expect(outcomes.toSorted()).toEqual([false, true]);
    expect(await operators().list()).toMatchObject([{ role: "admin" }]);
    expect(await operators().offerFirstAdmin("again")).toBeNull();
    await second?.stop();
  });

  test("a token does not make a first admin where somebody was added meanwhile", async () => {
    const offer = await operators().offerFirstAdmin("shown");
    await operators().add(ben, by);
    expect(await operators().takeFirstAdmin("shown", { name: "eve", passwordHash: "x" })).toBe(false);
    expect(await operators().list()).toHaveLength(1);
    await offer?.stop();
  });

  test.skipIf(engine.name === "PGlite")(
    "several processes agree on one offer, and it outlives nobody",
    async () => {
      const other = await openAt(stores().place);
      const offers = await Promise.all([
        operators().offerFirstAdmin("a"),
        openOperatorStore(other).offerFirstAdmin("b"),
      ]);
      expect(offers.filter((offer) => offer !== null)).toHaveLength(1);
      for (const offer of offers) await offer?.stop();
      // Who is killed and starts again at once comes before the server has seen the end of its session.
      const ending = await operators().offerFirstAdmin("killed");
      const [again] = await Promise.all([
        openOperatorStore(other).offerFirstAdmin("c"),
        pause(500).then(() => ending?.stop()),
      ]);
      expect(again).not.toBeNull();
      await again?.stop();
      await other.close();
      expect(await operators().takeFirstAdmin("c", { name: "ada", passwordHash: "x" })).toBe(true);
    },
  );
});

onEach(engines, "the store of sessions", (stores) => {
  const operators = () => openOperatorStore(stores().database);
  const sessions = () => openSessionStore(stores().database, spans);
  const age = (column: string, seconds: number) =>
    sql`UPDATE sessions SET ${sql.ref(column)} = ${sql.ref(column)} - ${seconds} * interval '1 second'`.execute(
      stores().database.db,
    );

  test("knows whose a session is until it is ended", async () => {
    await operators().add(ada, by);
    await sessions().begin("one", ada);
    expect(await sessions().find("one")).toEqual({ name: "ada", role: "admin" });
    expect(await operators().list()).toMatchObject([{ lastLoginUs: expect.any(Number) }]);
    expect(await sessions().find("two")).toBeNull();
    await sessions().end("one");
    expect(await sessions().find("one")).toBeNull();
  });

  test("begins none for a password that was changed meanwhile, nor for who is disabled", async () => {
    await operators().add(ada, by);
    await operators().add({ ...ben, role: "admin" }, by);
    expect(await sessions().begin("one", { ...ada, passwordHash: "the one before" })).toBe(false);
    await operators().change("ada", { isDisabled: true }, by);
    expect(await sessions().begin("one", ada)).toBe(false);
    await operators().change("ada", { isDisabled: false }, by);
    expect(await sessions().begin("one", ada)).toBe(true);
    // Whichever comes first: no session of the old password is left.
    await Promise.all([sessions().begin("two", ada), operators().setPassword("ada", "another", by)]);
    expect(await sessions().living(["one", "two"])).toEqual(new Set());
  });

  test("ends one that is not used, and use makes it last", async () => {
    await operators().add(ada, by);
    await sessions().begin("one", ada);
    await age("seen_at", 50);
    expect(await sessions().find("one")).not.toBeNull();
    await age("seen_at", 50);
    expect(await sessions().living(["one"])).toEqual(new Set(["one"]));
    await age("seen_at", 11);
    expect(await sessions().find("one")).toBeNull();
    expect(await sessions().living(["one"])).toEqual(new Set());
    expect(await sessions().forgetEnded()).toBe(1);
  });

  test("ends one that is old, however it is used", async () => {
    await operators().add(ada, by);
    await sessions().begin("one", ada);
    await age("expires_at", 3599);
    expect(await sessions().find("one")).not.toBeNull();
    await age("expires_at", 2);
    expect(await sessions().find("one")).toBeNull();
    await sessions().begin("two", ada);
    expect(await sessions().forgetEnded()).toBe(1);
    expect(await sessions().find("two")).not.toBeNull();
  });
});

onEach(engines, "the store of tokens", (stores) => {
  const tokens = () => openTokenStore(stores().database);
  const ci = {
    name: "ci",
    hash: "hash of ci",
    role: "operator",
    isReadOnly: true,
    paths: ["/api/v1/x"],
    days: 1,
  } as const;

  test("knows what a token may until it expires, and when it was used", async () => {
    const made = await tokens().add(ci, by);
    expect(made).toMatchObject({ name: "ci", createdBy: by, lastUsedUs: null, paths: ["/api/v1/x"] });
    expect(Math.abs((made?.expiresUs ?? 0) - nowUs() - 86_400e6)).toBeLessThan(60e6);
    expect(await tokens().add({ ...ci, hash: "another" }, by)).toBeNull();
    expect(await tokens().find("hash of ci")).toMatchObject({
      name: "ci",
      role: "operator",
      isReadOnly: true,
    });
    expect(await tokens().list()).toMatchObject([{ lastUsedUs: expect.any(Number) }]);
    expect(await tokens().living(["hash of ci", "another"])).toEqual(new Set(["hash of ci"]));
    await sql`UPDATE api_tokens SET expires_at = now()`.execute(stores().database.db);
    expect(await tokens().find("hash of ci")).toBeNull();
    expect(await tokens().living(["hash of ci"])).toEqual(new Set());
    expect(await tokens().list()).toHaveLength(1);
  });

  test("revokes one at once, and records both", async () => {
    const made = await tokens().add({ ...ci, paths: null }, by);
    expect(await tokens().revoke(made?.id ?? "", by)).toBe(true);
    expect(await tokens().revoke(made?.id ?? "", by)).toBe(false);
    expect(await tokens().find("hash of ci")).toBeNull();
    const changes = await stores().audit.list({ target: "ci", limit: 10 });
    expect(changes).toMatchObject([
      { action: "token.revoke", before: { role: "operator", isReadOnly: true }, after: null },
      { action: "token.add", before: null, after: { role: "operator", paths: null } },
    ]);
    expect(JSON.stringify(changes)).not.toContain("hash");
  });
});
