import { expect, test } from "vitest";
import { engines, onEach } from "./databases.ts";
import { planned, settings } from "./notification-samples.ts";

onEach(engines, "the store of notification routes", (stores) => {
  test("a route changes on the version that was looked at, and nothing that is secret is shown or recorded", async () => {
    const { routing, notifications } = stores();
    const url = "https://hooks.example/T0/secret";
    const added = await routing.add({ settings: settings(), url }, "a key", "operator:ada");
    if (added.kind !== "done") throw new Error(added.kind);
    const { id } = added.route;
    await routing.add({ settings: settings({ name: "day shift" }), url }, "a key", "operator:ada");
    const wish = { settings: settings({ severity: "major" }), url: undefined };
    const changed = await routing.change(id, { ...wish, version: 1 }, "operator:ada");
    expect(changed).toMatchObject({
      kind: "done",
      route: { version: 2, severity: "major", url: "hooks.example" },
    });
    expect(await routing.change(id, { ...wish, version: 1 }, "operator:eve")).toMatchObject({
      kind: "stale",
    });
    const taking = { settings: settings({ name: "day shift" }), url: undefined, version: 2 };
    expect(await routing.change(id, taking, "operator:ada")).toEqual({ kind: "name-taken" });
    const twin = await routing.add({ settings: settings(), url: "https://a" }, "k", "operator:ada");
    expect(twin).toEqual({ kind: "name-taken" });
    const renewed = await routing.setSecret(id, { version: 2, secret: "another key" }, "operator:ada");
    expect(renewed).toMatchObject({ kind: "done", route: { version: 3 } });
    await notifications.queue([planned(id)]);
    expect(await notifications.take(60_000)).toMatchObject({ secret: "another key" });
    expect(await routing.remove(id, { version: 1 }, "operator:ada")).toMatchObject({ kind: "stale" });
    expect(await routing.remove(id, { version: 3 }, "operator:ada")).toMatchObject({ kind: "done" });
    expect(await routing.remove(id, { version: 3 }, "operator:ada")).toEqual({ kind: "unknown" });
    expect(await notifications.list({ limit: 10 })).toEqual([]);
    const told = JSON.stringify([await routing.list(), await stores().audit.list({ limit: 100 })]);
    expect(told).toContain("notification-route.renew-secret");
    expect(told).not.toMatch(/T0|a key|another key/);
  });

  test("labels of devices are found where devices are provisioned, and can be changed there", async () => {
    const { access, audit } = stores();
    await access.add(
      [{ userName: "boiler-3", hash: null, labels: { site: "a" }, rights: null }],
      "operator:ada",
    );
    expect(await access.setLabels("boiler-3", { site: "hall 2" }, "operator:ada")).toBe(true);
    expect(await access.setLabels("boiler-4", {}, "operator:ada")).toBe(false);
    expect([...(await stores().notifications.labelsOf(["boiler-3", "boiler-4"]))]).toEqual([
      ["boiler-3", { site: "hall 2" }],
    ]);
    expect((await audit.list({ target: "boiler-3", limit: 1 }))[0]).toMatchObject({
      action: "device.label",
      before: { labels: { site: "a" } },
      after: { labels: { site: "hall 2" } },
    });
  });
});
