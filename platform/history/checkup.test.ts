import { expect, test } from "vitest";
import { type Checkup, checkUp } from "./checkup.ts";

const plain: Checkup = {
  ...{ postgres: "15.4", timescale: null, timescaleOnDisk: null, preloaded: "", isEmbedded: false },
  ...{ series: 1200, chunks: null, failedJobs: [] },
};
const chunks = {
  ...{ readingsADay: 8_640_000, readingsADayOfSeries: 8640, bytesAReading: 150 },
  ...{ cacheBytes: 4 * 2 ** 30, currentHours: 24 },
};

async function printed(checkup: Checkup, isApplied = false) {
  const set: number[] = [];
  const store = {
    look: () => Promise.resolve(checkup),
    setChunkHours: (hours: number) => Promise.resolve(void set.push(hours)),
  };
  return { text: await checkUp(store, { isApplied, node: "20.19.0" }), set };
}

test.each<[string, Partial<Checkup>, RegExp]>([
  ["embedded", { isEmbedded: true }, /set DATABASE_URL/],
  ["not installed", {}, /install it on the server/],
  ["installed, not loaded", { timescaleOnDisk: "2.29.2" }, /shared_preload_libraries/],
  [
    "loaded later",
    { timescaleOnDisk: "2.29.2", preloaded: "timescaledb" },
    /from the next start of Tidemark/,
  ],
])("a database without TimescaleDB is told what to do: %s", async (_, over, advice) => {
  expect((await printed({ ...plain, ...over })).text).toMatch(advice);
});

test("the interval is advised, and only set when told to", async () => {
  const asked = await printed({ ...plain, timescale: "2.29.2", chunks });
  expect(asked.text).toMatch(/Chunk interval +24 h\nAdvised +12 h: /);
  expect(asked.text).toContain("doctor --apply");
  expect(asked.set).toEqual([]);
  const applied = await printed({ ...plain, timescale: "2.29.2", chunks }, true);
  expect(applied.set).toEqual([12]);
  expect(applied.text).toMatch(/Done +chunks made from now on are 12 h long/);
});

test("an interval that fits is not set again", async () => {
  const fitting = { ...plain, timescale: "2.29.2", chunks: { ...chunks, currentHours: 12 } };
  const { text, set } = await printed(fitting, true);
  expect(set).toEqual([]);
  expect(text).not.toMatch(/To do|Done/);
});

test("a job of the extension that fails is named, with what it said and how to run it", async () => {
  const failedJobs = [{ id: 1000, name: "Columnstore Policy [1000]", error: "out of disk" }];
  const { text } = await printed({ ...plain, timescale: "2.29.2", chunks, failedJobs });
  expect(text).toMatch(/Failed +Columnstore Policy \[1000\]: out of disk; CALL run_job\(1000\)/);
});
