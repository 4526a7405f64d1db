import fc from "fast-check";
import { expect, test } from "vitest";
import { isDeviceId } from "../../schema/reading.ts";
import { violationOfName } from "./mqtt-text.ts";

// The gateway publishes for all devices that speak HTTP: whoever is let in there must not have its connection closed here.
test("whatever can be a device's id can be in the name of a topic", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 4 }), (id) => {
      fc.pre(isDeviceId(id));
      const name = Buffer.from(`devices/${id}/telemetry`);
      expect(violationOfName(name, { from: 0, to: name.length })).toBeUndefined();
    }),
    { numRuns: 1000, examples: ["press\u0085x", "\ufffe", "\u{1fffe}"].map((id): [string] => [id]) },
  );
}, 30_000);
