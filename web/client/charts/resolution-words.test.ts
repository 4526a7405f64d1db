import { expect, test } from "vitest";
import { describeResolution } from "./resolution-words.ts";

test("what a point stands for is said in words", () => {
  expect(describeResolution({ level: "raw", stepSeconds: null })).toBe("every reading");
  expect(describeResolution({ level: "raw", stepSeconds: 5 })).toBe("mean, least and greatest of 5 s");
  expect(describeResolution({ level: "1m", stepSeconds: 300 })).toBe("mean, least and greatest of 5 min");
  expect(describeResolution({ level: "1h", stepSeconds: 7200 })).toBe("mean, least and greatest of 2 h");
});
