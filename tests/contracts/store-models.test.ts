import { expect, test } from "vitest";
import type { StoredModel } from "../../platform/ports.ts";
import { engines, onEach, settingsOf } from "./databases.ts";
import { batch, series } from "./samples.ts";

function model(over: Partial<StoredModel> = {}): StoredModel {
  const compiled = Uint8Array.from({ length: 1024 }, (_, place) => place % 256);
  return { sensorType: "co2", version: 1, compiled, seed: 7, trainingRows: 500, ...over };
}

/** Models as plain values: a store may give its bytes as any Uint8Array. */
const plain = (models: readonly StoredModel[]) =>
  models.map((stored) => ({ ...stored, compiled: [...stored.compiled] }));

onEach(engines, "the models", (stores) => {
  test("are none at first", async () => {
    expect(await stores().models.newest()).toEqual([]);
  });

  test("come back as they were saved, the newest of each type", async () => {
    const [old, young, other] = [model(), model({ version: 2, seed: 8 }), model({ sensorType: "büro" })];
    for (const saved of [old, young, other]) expect(await stores().models.save(saved)).toBe(true);
    expect(plain(await stores().models.newest())).toEqual(plain([other, young]));
  });

  test("are saved once a version: the second to save is told so", async () => {
    const saves = [1, 2, 3].map((seed) => stores().models.save(model({ seed })));
    const isFirst = await Promise.all(saves);
    expect(isFirst.filter(Boolean)).toEqual([true]);
    expect(await stores().models.newest()).toMatchObject([{ seed: isFirst.indexOf(true) + 1 }]);
  });

  test.each([0, 2 ** 31, 2 ** 32 - 1])("keep the seed %i", async (seed) => {
    expect(await stores().models.save(model({ seed }))).toBe(true);
    expect(await stores().models.newest()).toMatchObject([{ seed }]);
  });

  test("are missing for types with enough history, other than those named", async () => {
    const of = (sensorType: string, deviceId: string, count: number) =>
      series(deviceId, count, { sensorType });
    const readings = [
      ...of("co2", "a", 6),
      ...of("co2", "b", 4),
      ...of("noise", "a", 9),
      ...of("ph", "a", 12),
    ];
    await stores().write(batch({ readings }));
    const { models } = stores();
    expect(await models.typesWithHistory(10, [])).toEqual(["co2", "ph"]);
    expect(await models.typesWithHistory(10, ["ph", "nothing"])).toEqual(["co2"]);
    expect(await models.typesWithHistory(9, ["co2"])).toEqual(["noise", "ph"]);
    expect(await models.typesWithHistory(13, [])).toEqual([]);
  });

  test("learn from the newest readings of a type, oldest first within a device", async () => {
    const readings = [
      ...series("a", 5, { sensorType: "co2" }),
      ...series("b", 2, { sensorType: "co2" }),
      ...series("c", 1, { sensorType: "co2" }),
      ...series("a", 3),
    ];
    await stores().write(batch({ readings }));
    const history = await stores().models.history("co2", { devices: 2, readings: 3 });
    const { deviceId, timestampUs } = history[0] ?? {};
    expect({ ...history[0] }).toEqual({ deviceId, sensorType: "co2", timestampUs, value: 2 });
    expect(history.map((reading) => [reading.deviceId, reading.value])).toEqual([
      ["a", 2],
      ["a", 3],
      ["a", 4],
      ["b", 0],
      ["b", 1],
    ]);
    expect(await stores().models.history("nothing", { devices: 2, readings: 3 })).toEqual([]);
  });
});

onEach(engines, "the timeout of a device", (stores) => {
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
