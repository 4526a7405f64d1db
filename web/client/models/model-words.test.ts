import { expect, test } from "vitest";
import type { ModelComparison, ModelTypeSummary } from "../../../schema/model.ts";
import { describeComparison, describeJudging, describeShadow, describeTraining } from "./model-words.ts";

const type: ModelTypeSummary = {
  ...{ sensorType: "co2", revision: 3, judging: "co2@2", active: 2, candidate: 3, isPinned: false },
  ...{ order: null, setback: null, overrides: [] },
};

test("says what judges a type", () => {
  expect(describeJudging(type)).toBe("co2@2");
  expect(describeJudging({ ...type, judging: "temperature@factory-2", active: null })).toBe(
    "temperature@factory-2, the model the type comes with",
  );
  expect(describeJudging({ ...type, judging: "none", active: null })).toMatch(/^no model yet/);
});

test("says what a candidate would have flagged", () => {
  expect(describeShadow({ readings: 0, active: 0, candidate: 0, both: 0 })).toMatch(/not compared/);
  expect(describeShadow({ readings: 5000, active: 9, candidate: 7, both: 6 })).toBe(
    "of 5,000 live readings the active model flagged 9, this one would have flagged 7, 6 of them the same",
  );
  const comparison: ModelComparison = {
    ...{ fromUs: 0, untilUs: 1, readings: 1200, both: 4, onlyActive: [], onlyCandidate: [] },
    ...{ active: { readings: 9, episodes: 2 }, candidate: { readings: 5, episodes: 1 } },
  };
  expect(describeComparison(comparison)).toMatch(
    /^On 1,200 stored readings, .*flags 9 in 2 episodes, this one 5 in 1 episode; 4 readings are flagged by both\.$/,
  );
});

test("says what goes on with it, and nothing when nothing does", () => {
  expect(describeTraining(type)).toEqual([]);
  const busy = {
    ...type,
    ...{
      isPinned: true,
      order: { by: "a", atUs: 0, version: null },
      setback: { reason: "too few", atUs: 0 },
    },
  };
  expect(describeTraining(busy)).toEqual([
    expect.stringMatching(/^A training is ordered/),
    expect.stringMatching(/came to nothing: too few/),
    "Pinned: no schedule trains it.",
  ]);
});
