import fc from "fast-check";
import { expect, test } from "vitest";
import { chaosPlan, kindOf, mostAtATime } from "./plan.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("the same seed plans the same faults, another seed others", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      expect(chaosPlan(seed, 300)).toEqual(chaosPlan(seed, 300));
    }),
  );
  expect(chaosPlan(1, 300)).not.toEqual(chaosPlan(2, 300));
});

test("five minutes hold every kind of fault, whatever the seed", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      expect([...new Set(chaosPlan(seed, 300).map(kindOf))].sort()).toEqual([
        "freeze broker",
        "freeze postgres",
        "freeze processor",
        "freeze processor until taken over",
        "freeze redis",
        "kill broker",
        "kill gateway-http",
        "kill postgres",
        "kill processor",
        "kill redis",
        "kill web",
        "terminate broker",
        "terminate processor",
      ]);
    }),
  );
});

test("never are more than two targets away at once, nor one target twice", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 10, max: 600 }), (seed, seconds) => {
      const plan = chaosPlan(seed, seconds);
      for (const { atMs } of plan) {
        const away = plan.filter((fault) => fault.atMs <= atMs && atMs < fault.atMs + fault.forMs);
        expect(away.length).toBeLessThanOrEqual(mostAtATime);
        expect(new Set(away.map((fault) => fault.target)).size).toBe(away.length);
      }
    }),
  );
});

test("a short plan fits in its time and freezes nobody for longer than that", () => {
  const plan = chaosPlan(1, 40);
  expect(plan.length).toBeGreaterThan(6);
  expect(Math.max(...plan.map(({ atMs, forMs }) => atMs + forMs))).toBeLessThan(40_000);
  expect(Math.max(...plan.map(({ forMs }) => forMs))).toBeLessThan(10_000);
});
