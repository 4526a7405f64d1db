import { expect, test } from "vitest";
import { describeConfidence, describeModel, worstAmong } from "./judge-words.ts";

const reading = {
  ...{ sensorType: "temperature", value: 150, score: 0.9 },
  ...{ modelVersion: "temperature@2", confidence: 0.874, learning: null },
};

test("a model is called by its type and its version, and where the type comes with it that is said", () => {
  expect(describeModel("temperature@2")).toBe("temperature@2");
  expect(describeModel("temperature@factory-2")).toBe("temperature@factory-2, the model the type comes with");
  expect(describeModel("none")).toBe("none: judged by its own history");
});

test("how sure it is stands beside how much it has learnt", () => {
  expect(describeConfidence(reading)).toBe("87 of 100");
  expect(describeConfidence({ ...reading, learning: { readings: 12, of: 60 } })).toBe(
    "87 of 100, learning 12/60",
  );
});

test("the worst reading of an alarm is found by its sensor and its value", () => {
  const others = [
    { ...reading, score: 0.8 },
    { ...reading, sensorType: "humidity", score: 1 },
    { ...reading, value: 151, score: 1 },
  ];
  expect(worstAmong([...others, reading], { sensorType: "temperature", value: 150 })).toBe(reading);
  expect(worstAmong(others, { sensorType: "vibration", value: 150 })).toBeUndefined();
  expect(worstAmong([reading], { sensorType: "temperature", value: null })).toBeUndefined();
});
