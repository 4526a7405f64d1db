import fc from "fast-check";
import { expect, test } from "vitest";
import { readCsvLine, writeCsvLine } from "./csv.ts";

test("fields come back as they were written, whatever is in them", () => {
  const field = fc.string().filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), (fields) => {
      expect(readCsvLine(writeCsvLine(fields))).toEqual(fields);
    }),
  );
});

test("only what must be is quoted", () => {
  expect(writeCsvLine(["a b", 1.5, "c,d", 'say "e"', ""])).toBe('a b,1.5,"c,d","say ""e""",');
});
