import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { NewPrincipal } from "../../platform/access/access-ports.ts";
import { engines, onEach } from "./databases.ts";
import { nowUs } from "./samples.ts";

const by = "operator:ada";
const fingerprint = "AA:BB:CC";

const device = (userName: string, over: Partial<NewPrincipal> = {}): NewPrincipal => ({
  userName,
  hash: `hash of ${userName}`,
  labels: {},
  rights: null,
  ...over,
});

const bridge = device("service/bridge", {
  rights: { publish: [], subscribe: ["devices/+/anomalies", 'a "quoted", {braced} ü\\'] },
});

onEach(engines, "who may connect", (stores) => {
  const store = () => stores().access;
  const actions = async (target: string) =>
    (await stores().audit.list({ target, limit: 100 })).map(({ action }) => action).toReversed();

  test("is found by user name, with passwords and rights, and nobody else is", async () => {
    expect(await store().add([device("büro 3", { labels: { site: "hall 2" } }), bridge], by)).toEqual({
      kind: "added",
    });
    const found = await store().find(["büro 3", "service/bridge", "nobody", "bridge", "büro 3' OR true"]);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({
      principal: { kind: "device", deviceId: "büro 3" },
      isEnabled: true,
      credentials: [{ id: expect.any(String), hash: "hash of büro 3", validUntilMs: null }],
      revokedCertificates: [],
    });
    expect(found).toContainEqual({
      principal: { kind: "service", name: "bridge", ...bridge.rights },
      isEnabled: true,
      credentials: [{ id: expect.any(String), hash: "hash of service/bridge", validUntilMs: null }],
      revokedCertificates: [],
    });
    expect(await store().find([])).toEqual([]);
  });

  test("is added all together or not at all", async () => {
    await store().add([device("b")], by);
    expect(await store().add([device("a"), device("b"), device("c")], by)).toEqual({
      kind: "taken",
      userNames: ["b"],
    });
    expect(await store().find(["a", "c"])).toEqual([]);
    expect(await actions("a")).toEqual([]);
    const [kept] = await store().find(["b"]);
    expect(kept?.credentials).toHaveLength(1);
  });

  test("is added by the ten thousand", async () => {
    const many = Array.from({ length: 10_000 }, (_, place) => device(`press-${place}`));
    expect(await store().add(many, by)).toEqual({ kind: "added" });
    expect(await store().find(many.map(({ userName }) => userName))).toHaveLength(10_000);
    const page = await store().list({ kind: "device", after: "press-9998", limit: 10 });
    expect(page.map(({ userName }) => userName)).toEqual(["press-9999"]);
  });

  test("is listed by kind and name, without any hash", async () => {
    const before = nowUs();
    await store().add([device("b", { labels: { line: "3" } }), device("a", { hash: null }), bridge], by);
    const devices = await store().list({ kind: "device", after: "", limit: 10 });
    expect(devices).toMatchObject([
      { userName: "a", isEnabled: true, labels: {}, rights: null, passwords: [] },
      { userName: "b", labels: { line: "3" }, passwords: [{ validUntilUs: null }], revokedCertificates: [] },
    ]);
    expect(Math.abs((devices[1]?.createdUs ?? 0) - before)).toBeLessThan(60e6);
    const services = await store().list({ kind: "service", after: "", limit: 10 });
    expect(services).toMatchObject([{ userName: "service/bridge", rights: bridge.rights }]);
    expect(JSON.stringify([devices, services, await stores().audit.list({ limit: 100 })])).not.toContain(
      "hash",
    );
    expect(await store().describe("b")).toEqual(devices[1]);
    expect(await store().describe("c")).toBeNull();
  });

  test("has two passwords after a rotation, and never three", async () => {
    await store().add([device("a")], by);
    for (const hash of ["second", "third"])
      expect(await store().rotate("a", { hash, overlapSeconds: 60 }, by)).toBe(true);
    const [found] = await store().find(["a"]);
    const validUntil = new Map(found?.credentials.map(({ hash, validUntilMs }) => [hash, validUntilMs]));
    expect([...validUntil.keys()].sort()).toEqual(["second", "third"]);
    expect(validUntil.get("third")).toBeNull();
    expect(Math.abs((validUntil.get("second") ?? 0) - Date.now() - 60_000)).toBeLessThan(30_000);
    await store().rotate("a", { hash: "fourth", overlapSeconds: 0 }, by);
    const [after] = await store().find(["a"]);
    expect(after?.credentials.map(({ hash }) => hash)).toEqual(["fourth"]);
  });

  test("is disabled and enabled again with the same password, and revoked without", async () => {
    await store().add([device("a")], by);
    await store().setEnabled("a", false, by);
    expect(await store().find(["a"])).toMatchObject([{ isEnabled: false, credentials: [{}] }]);
    await store().setEnabled("a", true, by);
    expect(await store().find(["a"])).toMatchObject([{ isEnabled: true, credentials: [{}] }]);
    await store().revoke("a", by);
    expect(await store().find(["a"])).toMatchObject([{ isEnabled: false, credentials: [] }]);
    await store().remove("a", by);
    expect(await store().find(["a"])).toEqual([]);
    expect(await actions("a")).toEqual([
      "device.add",
      "device.disable",
      "device.enable",
      "device.revoke",
      "device.delete",
    ]);
  });

  test("is recorded with what it was like before and after", async () => {
    await store().add([bridge], by);
    await store().revoke("service/bridge", "command line");
    const [revoked, added] = await stores().audit.list({ target: "service/bridge", limit: 2 });
    expect(added).toMatchObject({
      by,
      action: "service.add",
      before: null,
      after: { passwords: 1, ...bridge.rights },
    });
    expect(revoked).toMatchObject({
      by: "command line",
      action: "service.revoke",
      before: { enabled: true, passwordsValidUntil: [null] },
      after: { enabled: false, passwordsValidUntil: [] },
    });
  });

  test("is not changed when nobody has the name", async () => {
    expect(await store().rotate("a", { hash: "x", overlapSeconds: 0 }, by)).toBe(false);
    expect(await store().revoke("a", by)).toBe(false);
    expect(await store().setEnabled("a", true, by)).toBe(false);
    expect(await store().remove("a", by)).toBe(false);
    expect(await stores().audit.list({ limit: 10 })).toEqual([]);
  });

  test("keeps a revoked certificate refused, also for a device of the same name later", async () => {
    await store().add([device("a")], by);
    await store().revokeCertificate("a", fingerprint, by);
    await store().revokeCertificate("a", fingerprint, by);
    await store().remove("a", by);
    await store().add([device("a")], by);
    expect(await store().find(["a"])).toMatchObject([{ revokedCertificates: [fingerprint] }]);
    expect(await actions("a")).toEqual([
      "device.add",
      "device.revoke-certificate",
      "device.delete",
      "device.add",
    ]);
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

onEach(engines, "claim tokens", (stores) => {
  const store = () => stores().claims;
  const digest = randomBytes(32);
  const token = (over: object = {}) => ({
    name: "line-3",
    digest,
    labels: { line: "3" },
    maxUses: 2,
    expiresUs: nowUs() + 60e6,
    ...over,
  });
  const redeem = (deviceId: string, over: object = {}) =>
    store().redeem({ digest, deviceId, hash: "hash", ...over });

  test("provision as many devices as they say, with their labels, and record each", async () => {
    expect(await store().add(token(), by)).toBe(true);
    expect(await store().add(token(), by)).toBe(false);
    expect(await redeem("a")).toEqual({ kind: "claimed", name: "line-3" });
    expect(await redeem("a")).toEqual({ kind: "device-exists" });
    expect(await redeem("b")).toEqual({ kind: "claimed", name: "line-3" });
    expect(await redeem("c")).toEqual({ kind: "used-up" });
    expect(await redeem("c", { digest: randomBytes(32) })).toEqual({ kind: "unknown" });
    expect(await stores().access.find(["a", "b", "c"])).toHaveLength(2);
    expect(await stores().access.describe("b")).toMatchObject({ labels: { line: "3" }, passwords: [{}] });
    expect(await store().list()).toMatchObject([
      { name: "line-3", uses: 2, maxUses: 2, labels: { line: "3" } },
    ]);
    const [change] = await stores().audit.list({ target: "b", limit: 1 });
    expect(change).toMatchObject({ by: "claim:line-3", action: "device.claim" });
  });

  test("are of no use once they expired or are deleted", async () => {
    await store().add(token({ expiresUs: nowUs() - 1e6 }), by);
    expect(await redeem("a")).toEqual({ kind: "expired" });
    expect(await store().remove("line-3", by)).toBe(true);
    expect(await store().remove("line-3", by)).toBe(false);
    expect(await redeem("a")).toEqual({ kind: "unknown" });
    expect(await stores().access.find(["a"])).toEqual([]);
  });

  test("are not used more often than they say by many at once", async () => {
    await store().add(token({ maxUses: 3 }), by);
    const claims = await Promise.all(Array.from({ length: 8 }, (_, place) => redeem(`press-${place}`)));
    expect(claims.filter(({ kind }) => kind === "claimed")).toHaveLength(3);
    expect(claims.filter(({ kind }) => kind === "used-up")).toHaveLength(5);
  });
});

onEach(engines, "secrets of the platform", (stores) => {
  test("are made once and stay, whoever asks first", async () => {
    const asked = await Promise.all([1, 2, 3].map(() => stores().secrets.get("tokens")));
    expect(asked[0]).toHaveLength(32);
    expect(new Set(asked.map((secret) => secret.toString("hex"))).size).toBe(1);
    expect(await stores().secrets.get("another")).not.toEqual(asked[0]);
  });
});
