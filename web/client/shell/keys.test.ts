import { expect, test } from "vitest";
import { isSingle } from "./keys.ts";

const plain = { altKey: false, ctrlKey: false, metaKey: false };

test("letters, signs and the space bar are single keys", () => {
  for (const key of ["a", "G", "/", "?", "[", " ", "ß", "😀"])
    expect(isSingle({ ...plain, key }), key).toBe(true);
});

test("keys that type nothing are none, nor is one with a modifier", () => {
  for (const key of ["Escape", "Enter", "Tab", "ArrowLeft", "Home", "Delete"])
    expect(isSingle({ ...plain, key }), key).toBe(false);
  expect(isSingle({ ...plain, key: "k", ctrlKey: true })).toBe(false);
  expect(isSingle({ ...plain, key: "z", metaKey: true })).toBe(false);
  expect(isSingle({ ...plain, key: "[", altKey: true })).toBe(false);
});
