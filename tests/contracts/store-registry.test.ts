import { describe, expect, test } from "vitest";
import { engines, onEach, type Stores, settingsOf } from "./databases.ts";
import { fill, model } from "./model-samples.ts";

onEach(engines, "what operators change", (stores) => {
  describe("in the registry of models", () => {
    const wish = (revision: number, asked: Parameters<Stores["registry"]["change"]>[0]["wish"]) =>
      stores().registry.change({ sensorType: "co2", wish: asked, revision, by: "operator:ada" });
    const activeNow = async () => (await stores().models.standings())[0]?.active;

    test("promotes and rolls back, step by step, on record", async () => {
      await fill(stores(), 3);
      expect(await wish(3, { kind: "promote", version: 3 })).toMatchObject({
        kind: "changed",
        type: { active: 3, candidate: null, judging: "co2@3", revision: 4 },
      });
      await wish(4, { kind: "promote", version: 2 });
      const seen = [await activeNow()];
      for (const revision of [5, 6]) {
        await wish(revision, { kind: "rollback" });
        seen.push(await activeNow());
      }
      expect(seen).toEqual([2, 3, 1]);
      expect(await wish(7, { kind: "rollback" })).toEqual({ kind: "nothing-before" });
      const [newest, ...older] = await stores().audit.list({ target: "co2", limit: 10 });
      expect(newest).toMatchObject({
        ...{ action: "model.rollback", by: "operator:ada" },
        ...{ before: { active: 3, judging: "co2@3" }, after: { active: 1, judging: "co2@1" } },
      });
      expect(older).toHaveLength(3);
    });

    test("refuses what was decided on an older state, or makes no sense", async () => {
      await fill(stores(), 2);
      expect(await wish(1, { kind: "promote", version: 2 })).toMatchObject({
        kind: "stale",
        type: { revision: 2 },
      });
      expect(await wish(2, { kind: "promote", version: 1 })).toEqual({ kind: "is-active" });
      expect(await wish(2, { kind: "promote", version: 9 })).toEqual({ kind: "version-unknown" });
      expect(await wish(2, { kind: "release", deviceId: "a" })).toEqual({ kind: "no-override" });
      const unknown = { sensorType: "nothing", by: "anyone", revision: 0, wish: { kind: "pin" } } as const;
      expect(await stores().registry.change(unknown)).toEqual({ kind: "type-unknown" });
      expect(await activeNow()).toBe(1);
      expect(await stores().audit.list({ limit: 10 })).toEqual([]);
    });

    test("of two who decide at the same moment hears one", async () => {
      await fill(stores(), 3);
      const outcomes = await Promise.all([2, 3].map((version) => wish(3, { kind: "promote", version })));
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["changed", "stale"]);
    });

    test("knows the types that come with a model, and rolls back to that", async () => {
      const { registry, training } = stores();
      const types = await registry.types();
      expect(types.map(({ sensorType, judging }) => [sensorType, judging]).at(-2)).toEqual([
        "temperature",
        "temperature@factory-2",
      ]);
      await training.save(model({ sensorType: "temperature" }), "candidate");
      const change = (revision: number, asked: Parameters<typeof wish>[1]) =>
        registry.change({ sensorType: "temperature", wish: asked, revision, by: "operator:ada" });
      await change(1, { kind: "promote", version: 1 });
      expect(await change(2, { kind: "rollback" })).toMatchObject({
        type: { active: null, judging: "temperature@factory-2" },
      });
      expect((await registry.type("temperature"))?.versions).toMatchObject([
        { version: 1, state: "retired" },
      ]);
    });

    test("has versions of single devices, until they are released", async () => {
      const { registry, models, audit } = stores();
      await fill(stores(), 2);
      await wish(2, { kind: "override", deviceId: "büro 3", version: 2 });
      await wish(3, { kind: "override", deviceId: "büro 3", version: 1 });
      expect(await models.overrides("co2")).toEqual(new Map([["büro 3", 1]]));
      expect((await registry.types())[1]).toMatchObject({
        overrides: [{ deviceId: "büro 3", version: 1, by: "operator:ada" }],
      });
      await wish(4, { kind: "release", deviceId: "büro 3" });
      expect(await models.overrides("co2")).toEqual(new Map());
      expect(await audit.list({ limit: 1 })).toMatchObject([
        { action: "model.release", before: { deviceId: "büro 3", version: 1 }, after: null },
      ]);
    });

    test("takes one order of a type at a time, and says what came of it", async () => {
      const { registry, training } = stores();
      await fill(stores(), 1);
      const order = { version: null, by: "operator:ada" };
      expect(await registry.train("co2", { ...order, version: 4 })).toEqual({ kind: "version-unknown" });
      expect(await registry.train("co2", order)).toMatchObject({ kind: "changed", type: { revision: 1 } });
      expect(await registry.train("co2", order)).toEqual({ kind: "is-ordered" });
      expect(await training.orders()).toEqual([{ sensorType: "co2", by: "operator:ada", version: null }]);
      // What the schedule had begun before is over, and not what was ordered meanwhile.
      await training.save(model({ version: 2, parent: 1, createdBy: "platform" }), "candidate");
      await training.setBack({ sensorType: "co2", by: "platform" }, "too little");
      expect(await training.orders()).toHaveLength(1);
      await training.setBack({ sensorType: "co2", by: "operator:ada" }, "too little");
      expect(await training.orders()).toEqual([]);
      expect((await registry.type("co2"))?.type).toMatchObject({
        order: null,
        setback: { reason: "too little" },
      });
      await registry.train("co2", { ...order, version: 1 });
      await training.restore({ sensorType: "co2", version: 1, compiled: model().compiled }, "operator:ada");
      expect((await registry.type("co2"))?.type).toMatchObject({ order: null, setback: null });
    });

    test("trains by the schedule what is old, but nothing pinned and nothing that was just noticed", async () => {
      const { training, database } = stores();
      await fill(stores(), 1);
      const age = () =>
        database.db
          .updateTable("model_types")
          .set({ noticed_at: new Date(Date.now() - 7_200_000) })
          .execute();
      expect(await training.typesDue(["co2", "noise"], 1)).toEqual([]);
      await age();
      expect(await training.typesDue(["co2", "noise"], 1)).toEqual(["noise"]);
      await database.db
        .updateTable("models")
        .set({ created_at: new Date(0) })
        .execute();
      expect(await training.typesDue(["co2", "noise"], 1)).toEqual(["co2", "noise"]);
      await wish(1, { kind: "pin" });
      await training.setBack({ sensorType: "noise", by: "platform" }, "too little");
      expect(await training.typesDue(["co2", "noise"], 1)).toEqual([]);
      await wish(2, { kind: "unpin" });
      expect(await training.typesDue(["co2"], 1)).toEqual(["co2"]);
    });
  });

  describe("the timeout of a device", () => {
    test("is the configuration's until somebody sets it", async () => {
      expect(await settingsOf(stores(), 60).activeDeviceTimeoutSeconds()).toBe(60);
      expect(await settingsOf(stores(), 90).activeDeviceTimeoutSeconds()).toBe(90);
    });

    test("is what was set last, also for whoever opens the settings later", async () => {
      await settingsOf(stores(), 60).setActiveDeviceTimeoutSeconds(5, "operator:ada");
      await settingsOf(stores(), 60).setActiveDeviceTimeoutSeconds(31_536_000, "operator:ada");
      expect(await settingsOf(stores(), 60).activeDeviceTimeoutSeconds()).toBe(31_536_000);
    });
  });
});
