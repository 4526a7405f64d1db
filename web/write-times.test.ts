import { Histogram } from "prom-client";
import { expect, test } from "vitest";
import { toWriteTimes } from "./write-times.ts";

function seen(seconds: readonly number[]) {
  const histogram = new Histogram({ name: "t", help: "t", buckets: [0.01, 0.1, 1], registers: [] });
  for (const one of seconds) histogram.observe(one);
  return histogram.get().then(({ values }) => toWriteTimes(values));
}

test("nothing is told of times that nobody measured", async () => {
  expect(await seen([])).toBeNull();
});

test("the mean is exact, and the 95th of a hundred the bucket it lies in", async () => {
  const quick = Array.from({ length: 90 }, () => 0.005);
  expect(await seen([...quick, ...Array.from({ length: 10 }, () => 0.05)])).toEqual({
    batches: 100,
    meanMs: expect.closeTo(9.5),
    p95Ms: 100,
  });
  expect(await seen(quick)).toMatchObject({ p95Ms: 10 });
});

test("times above all buckets have no bound", async () => {
  expect(await seen([5])).toMatchObject({ meanMs: 5000, p95Ms: null });
});
