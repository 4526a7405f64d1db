import { describe, expect, test } from "vitest";
import { engines, onEach, servers } from "./databases.ts";
import { fill, model } from "./model-samples.ts";
import { batch, series } from "./samples.ts";

const counts = { readings: 5, active: 2, candidate: 3, both: 1 };

onEach(engines, "the models", (stores, engine) => {
  describe("that judge", () => {
    test("are none at first, and come back as they were saved", async () => {
      const { models, training } = stores();
      expect(await models.standings()).toEqual([]);
      expect(await training.save(model(), "active")).toBe(true);
      expect(await training.save(model({ version: 2, parent: 1 }), "candidate")).toBe(true);
      expect(await models.standings()).toEqual([{ sensorType: "co2", revision: 2, active: 1, candidate: 2 }]);
      const loaded = await models.load("co2", [1, 2, 3]);
      expect(loaded.map(({ version, compiled }) => [version, [...compiled]])).toEqual(
        [1, 2].map((version) => [version, [...model().compiled]]),
      );
    });

    test("are saved once a version: the second to save is told so", async () => {
      const { training } = stores();
      const saves = [1, 2, 3].map((seed) => training.save(model({ seed }), "active"));
      const isFirst = await Promise.all(saves);
      expect(isFirst.filter(Boolean)).toEqual([true]);
      expect(await training.recipe("co2", 1)).toMatchObject({ seed: isFirst.indexOf(true) + 1 });
    });

    test.each([0, 2 ** 31, 2 ** 32 - 1])("keep the seed %i", async (seed) => {
      const { training } = stores();
      await training.save(model({ seed }), "active");
      const { sensorType, version, digest, grower, series: ranges } = model();
      expect(await training.recipe("co2", 1)).toEqual({
        sensorType,
        version,
        seed,
        digest,
        grower,
        series: ranges,
      });
      expect(await training.recipe("co2", 2)).toBeNull();
    });

    test("are not replaced by what was trained while somebody else decided", async () => {
      const { training, models } = stores();
      await fill(stores(), 1);
      await training.save(model({ version: 2, parent: null }), "active");
      expect(await models.standings()).toMatchObject([{ active: 1, candidate: 2 }]);
    });

    test("count what a candidate would have said, as long as it is one", async () => {
      const { models, registry } = stores();
      await fill(stores(), 2);
      await models.addShadow("co2", 2, counts);
      await models.addShadow("co2", 2, counts);
      await models.addShadow("co2", 1, counts);
      expect((await registry.version("co2", 2))?.shadow).toEqual({
        readings: 10,
        active: 4,
        candidate: 6,
        both: 2,
      });
      expect((await registry.version("co2", 1))?.shadow.readings).toBe(0);
    });

    test("lose their bytes when they were retired long ago, but never those that somebody may need", async () => {
      const { registry, training } = stores();
      await fill(stores(), 3);
      const change = { sensorType: "co2", by: "operator:ada" };
      await registry.change({ ...change, wish: { kind: "promote", version: 3 }, revision: 3 });
      await registry.change({
        ...change,
        wish: { kind: "override", deviceId: "a", version: 2 },
        revision: 4,
      });
      for (let version = 4; version <= 11; version += 1)
        await training.save(model({ version, parent: 3 }), "candidate");
      const kept = (await registry.type("co2"))?.versions.filter(({ isKept }) => isKept);
      // The candidate, five retired ones, the active one, that of a device, and the one to roll back to.
      expect(kept?.map(({ version }) => version)).toEqual([11, 10, 9, 8, 7, 6, 3, 2, 1]);
      const promoting = { ...change, wish: { kind: "promote", version: 4 }, revision: 13 } as const;
      expect(await registry.change(promoting)).toEqual({ kind: "not-kept" });
      await training.restore({ sensorType: "co2", version: 4, compiled: model().compiled }, "operator:ada");
      expect(await registry.version("co2", 4)).toMatchObject({
        isKept: true,
        verifiedUs: expect.any(Number),
      });
      expect(await registry.change(promoting)).toMatchObject({ kind: "changed" });
    });
  });

  describe("and the history they learn from", () => {
    test("is missing a model for types with enough of it, other than those named", async () => {
      const of = (sensorType: string, deviceId: string, count: number) =>
        series(deviceId, count, { sensorType });
      const readings = [
        ...of("co2", "a", 6),
        ...of("co2", "b", 4),
        ...of("noise", "a", 9),
        ...of("ph", "a", 12),
      ];
      await stores().write(batch({ readings }));
      const { training } = stores();
      expect(await training.typesWithHistory(10, [])).toEqual(["co2", "ph"]);
      expect(await training.typesWithHistory(10, ["ph", "nothing"])).toEqual(["co2"]);
      expect(await training.typesWithHistory(9, ["co2"])).toEqual(["noise", "ph"]);
      expect(await training.typesWithHistory(13, [])).toEqual([]);
    });

    test("is the newest readings of a type, oldest first within a device", async () => {
      const readings = [
        ...series("a", 5, { sensorType: "co2" }),
        ...series("b", 2, { sensorType: "co2" }),
        ...series("c", 1, { sensorType: "co2" }),
        ...series("a", 3),
      ];
      await stores().write(batch({ readings }));
      const history = await stores().training.history("co2", { devices: 2, readings: 3 });
      const { deviceId, timestampUs } = history[0] ?? {};
      expect({ ...history[0] }).toEqual({ deviceId, sensorType: "co2", timestampUs, value: 2 });
      expect(history.map((reading) => [reading.deviceId, reading.value])).toEqual([
        ["a", 2],
        ["a", 3],
        ["a", 4],
        ["b", 0],
        ["b", 1],
      ]);
      expect(await stores().training.history("nothing", { devices: 2, readings: 3 })).toEqual([]);
    });

    test("is the same again within its ranges, whatever comes later, late, or from other devices", async () => {
      const { training } = stores();
      const own = { sensorType: "co2" };
      await stores().write(batch({ readings: [...series("a", 6, own), ...series("b", 4, own)] }));
      const history = await training.history("co2", { devices: 2, readings: 4 });
      const rangeOf = (deviceId: string) => {
        const times = history
          .filter((one) => one.deviceId === deviceId)
          .map(({ timestampUs }) => timestampUs);
        return { deviceId, fromUs: Math.min(...times), untilUs: Math.max(...times), readings: times.length };
      };
      const later = [
        ...series("a", 9, own),
        ...series("0 a new device", 9, own),
        // Between two readings that were there already, and in the range.
        ...series("b", 4, { ...own, isLate: true }).map((one) => ({
          ...one,
          timestampUs: one.timestampUs + 5,
        })),
      ];
      await stores().write(batch({ readings: later }));
      const ranges = [rangeOf("a"), rangeOf("b")];
      expect(await training.historyWithin("co2", ranges)).toEqual(history);
      const turned = await training.historyWithin("co2", ranges.toReversed());
      expect(turned.map(({ deviceId }) => deviceId)).toEqual([..."bbbb", ..."aaaa"]);
      expect(await training.historyWithin("co2", [])).toEqual([]);
    });
  });

  test.runIf(servers.includes(engine))(
    "are trained by one process at a time, and by the next when it is done or has failed",
    async () => {
      const { training } = stores();
      const ran: string[] = [];
      const outcome = await training.alone(async () => {
        ran.push("first");
        expect(await training.alone(async () => void ran.push("second"))).toBe(false);
      });
      expect(outcome).toBe(true);
      const failing = training.alone(() => Promise.reject(new Error("the worker broke")));
      await expect(failing).rejects.toThrow("the worker broke");
      expect(await training.alone(async () => void ran.push("third"))).toBe(true);
      expect(ran).toEqual(["first", "third"]);
    },
  );
});
