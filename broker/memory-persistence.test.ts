import assert from "node:assert";
import { createRequire } from "node:module";
import { describe, test } from "vitest";
import { openMemoryPersistence } from "./memory-persistence.ts";

/** What the suite asks of a test of `node:test`. */
const context = { assert, diagnostic: () => undefined, plan: () => undefined };

type Suite = (options: {
  readonly test: (title: string, run: (t: typeof context) => Promise<void>) => void;
  readonly persistence: () => unknown;
  readonly testAsync: boolean;
}) => void;

// The suite that the library holds every store against; it has no types.
const abstractSuite = createRequire(import.meta.url)("aedes-persistence/abstract.js") as Suite;

describe("what Aedes expects of a store", () => {
  abstractSuite({
    test: (title, run) => test(title, () => run(context)),
    persistence: openMemoryPersistence,
    testAsync: true,
  });
});
