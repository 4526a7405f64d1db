import { expect, test } from "vitest";
import { shortened } from "./picture.ts";
import { describeContent, describeSpan, pictureName } from "./picture-words.ts";

const span = { fromMs: Date.UTC(2026, 10, 29, 17, 40), toMs: Date.UTC(2026, 10, 29, 17, 55) };

test("a picture says which time it is of, and by whose clocks", () => {
  expect(describeSpan(span, "utc")).toBe("29 Nov 2026, 17:40:00 to 29 Nov 2026, 17:55:00 (UTC)");
  expect(describeSpan(span, "local")).toContain(`(${Intl.DateTimeFormat().resolvedOptions().timeZone})`);
});

test("and what its line stands for", () => {
  expect(describeContent("every reading", 0)).toBe("every reading, no anomaly");
  expect(describeContent("every reading", 1)).toBe("every reading, 1 anomaly");
  expect(describeContent("every reading", 1200)).toBe("every reading, 1,200 anomalies");
});

test("its file has a name that no file system minds", () => {
  expect(pictureName("oven-1", span)).toBe("oven-1_20261129T174000Z_20261129T175500Z.png");
  expect(pictureName("../Öfen: 1?", span)).toMatch(/^-+Öfen-1-_/);
});

test("a text that is too long ends with an ellipsis", () => {
  const fits = (text: string) => text.length <= 6;
  expect(shortened("oven-1", fits)).toBe("oven-1");
  expect(shortened("oven-12", fits)).toBe("oven-…");
  expect(shortened("oven", () => false)).toBe("…");
});
