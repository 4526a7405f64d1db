import { expect, test } from "vitest";
import { bigintArray, booleanArray, byteaArray, doubleArray, textArray } from "./binary-arrays.ts";

test("an array begins with its dimension, the oid of its type and its length", () => {
  expect(textArray(["é", "b"]).toString("hex")).toBe(
    `${"00000001"}${"00000000"}${"00000019"}${"00000002"}${"00000001"}${"00000002c3a9"}${"0000000162"}`,
  );
});

test("an empty array has no dimension", () => {
  expect(booleanArray([]).toString("hex")).toBe("000000000000000000000010");
  expect(textArray([])).toHaveLength(12);
  expect(byteaArray([])).toHaveLength(12);
});

test("whole numbers up to 2^53 stay exact, negative ones too", () => {
  const values = [0, -1, 1_795_000_000_000_001, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const bytes = bigintArray(values);
  expect(values.map((_, place) => Number(bytes.readBigInt64BE(24 + 12 * place)))).toEqual(values);
});

test("numbers keep every digit", () => {
  const values = [0.1, -1e300, 5e-324, 22.51];
  const bytes = doubleArray(values);
  expect(values.map((_, place) => bytes.readDoubleBE(24 + 12 * place))).toEqual(values);
});
