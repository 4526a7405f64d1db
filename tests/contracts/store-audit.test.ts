import { expect, test } from "vitest";
import type { AuditRecord } from "../../schema/audit.ts";
import { engines, onEach } from "./databases.ts";
import { nowUs } from "./samples.ts";

const change = (over: Partial<AuditRecord> = {}): AuditRecord => ({
  by: "operator:ada",
  action: "setting.change",
  target: "active_device_timeout_seconds",
  before: 60,
  after: { seconds: 90, note: 'a "quoted" ü' },
  ...over,
});

onEach(engines, "the record of changes", (stores) => {
  const store = () => stores().audit;

  test("gives them as they were made, the newest first, with the moment of each", async () => {
    const before = nowUs();
    await store().record(change());
    await store().record(change({ before: null, after: null }));
    const [second, first] = await store().list({ limit: 10 });
    expect(first).toMatchObject(change());
    expect(second).toMatchObject({ before: null, after: null });
    expect(Math.abs((first?.atUs ?? 0) - before)).toBeLessThan(60e6);
  });

  test("pages through them, of one target or of all", async () => {
    for (const target of ["a", "b", "a", "b"]) await store().record(change({ target }));
    const [newest] = await store().list({ limit: 1 });
    expect(await store().list({ before: newest?.id, limit: 10 })).toHaveLength(3);
    expect((await store().list({ target: "a", limit: 10 })).map(({ target }) => target)).toEqual(["a", "a"]);
  });
});
