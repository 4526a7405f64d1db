import { afterEach, expect, test } from "vitest";
import { openLog, openMetrics } from "../platform/telemetry.ts";
import { FloodGate } from "./flood-gate.ts";

const gates: FloodGate[] = [];
afterEach(() => {
  for (const gate of gates.splice(0)) gate.close();
});

function gateOn(fullness: () => Promise<number>, patienceMs = 60_000): FloodGate {
  const log = openLog({ level: "silent", format: "json" });
  const gate = new FloodGate({ stream: { fullness }, log, metrics: openMetrics(), patienceMs });
  gates.push(gate);
  return gate;
}

test("while there is room everything passes at once", async () => {
  const gate = gateOn(() => Promise.resolve(0.5));
  await gate.look();
  const passed: number[] = [];
  for (const one of [1, 2]) gate.pass(() => passed.push(one));
  expect(passed).toEqual([1, 2]);
});

test("near the brim publishes are held, and pass in order when there is room again", async () => {
  let fullness = 0.8;
  const gate = gateOn(() => Promise.resolve(fullness));
  await gate.look();
  const passed: (number | string)[] = [];
  for (const one of [1, 2]) gate.pass((refusal) => passed.push(refusal?.code ?? one));
  await gate.look();
  expect(passed).toEqual([]);
  fullness = 0.7;
  await gate.look();
  gate.pass(() => passed.push(3));
  expect(passed).toEqual([1, 2, 3]);
});

test("what waits when the flood falls is let through in portions, newcomers behind it", async () => {
  let fullness = 1;
  const gate = gateOn(() => Promise.resolve(fullness));
  await gate.look();
  const passed: number[] = [];
  for (let one = 0; one < 2500; one += 1) gate.pass(() => passed.push(one));
  fullness = 0;
  await gate.look();
  gate.pass(() => passed.push(2500));
  expect(passed).toHaveLength(2000);
  await gate.look();
  expect(passed).toEqual(Array.from({ length: 2501 }, (_, one) => one));
});

test("what was held for too long is refused, to be sent again", async () => {
  const gate = gateOn(() => Promise.resolve(1), 0);
  await gate.look();
  const answers: unknown[] = [];
  gate.pass((refusal) => answers.push(refusal));
  await gate.look();
  expect(answers).toMatchObject([{ code: "STREAM_FULL", retryable: true }]);
});

test("a stream that does not answer holds nothing: it refuses by itself", async () => {
  let isAway = false;
  const gate = gateOn(() => (isAway ? Promise.reject(new Error("away")) : Promise.resolve(1)));
  await gate.look();
  let passed = 0;
  gate.pass(() => {
    passed += 1;
  });
  isAway = true;
  await gate.look();
  expect(passed).toBe(1);
});
