import { describe, expect, test } from "vitest";
import { describeCut, describeHindrance, describeReplay } from "./rejected-words.ts";

const failure = (code: string, reason = "it is wrong") => ({ id: "1", code, reason });

describe("what came of a replay", () => {
  test("is a number when all went well", () => {
    expect(describeReplay({ replayed: 1200, failed: [] })).toBe("Replayed 1,200.");
  });

  test("is the reason when one message was refused again", () => {
    expect(describeReplay({ replayed: 0, failed: [failure("A")] })).toBe("Not replayed: it is wrong.");
    expect(describeReplay({ replayed: 2, failed: [failure("A")] })).toBe(
      "Replayed 2. Not replayed: it is wrong.",
    );
  });

  test("counts the codes when several were", () => {
    const failed = [failure("A"), failure("B"), failure("A")];
    expect(describeReplay({ replayed: 4, failed })).toBe(
      "Replayed 4. Not replayed: 3 (A\u202f×\u202f2, B\u202f×\u202f1).",
    );
  });
});

test("a message that is shown as a part of it says so", () => {
  expect(describeCut({ isCut: false, payload: "1", payloadBytes: 1 })).toBeUndefined();
  expect(describeCut({ isCut: true, payload: "é".repeat(2048), payloadBytes: 5000 })).toBe(
    "Cut: the first 4,096 of 5,000 bytes. Only its device can send it again.",
  );
  expect(describeCut({ isCut: true, payload: "", payloadBytes: 300_000 })).toContain("300,000 bytes");
  expect(describeCut({ isCut: true, payload: "", payloadBytes: 0 })).toContain("a size nobody said");
});

test("what hinders a replay is not said twice", () => {
  const hindrance = (whyNot?: string, isCut = false) =>
    describeHindrance({ reason: "it is 12 s ahead", isCut, ...(whyNot === undefined ? {} : { whyNot }) });
  expect(hindrance()).toBeUndefined();
  expect(hindrance("it is 7 s ahead")).toBeUndefined();
  expect(hindrance("it is cut", true)).toBeUndefined();
  expect(hindrance("it was altered")).toBe("Not replayable: it was altered.");
});
