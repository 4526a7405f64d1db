import { expect, test } from "vitest";
import { ledgerFacts, modelFacts } from "./side-words.ts";

const sensor = (type: string, learnt?: number) => ({
  type,
  label: type,
  learning: learnt === undefined ? null : { readings: learnt, of: 60 },
});

test("every sensor says what judges it, also one that no model knows, and how far it is with learning", () => {
  const types = [
    { sensorType: "temperature", judging: "temperature@factory-2" },
    { sensorType: "co2", judging: "none" },
  ];
  const sensors = [sensor("co2", 12), sensor("flow", 3), sensor("level"), sensor("temperature", 7)];
  expect(modelFacts(types, sensors)).toEqual([
    ["co2", "learning 12 of 60"],
    ["flow", "learning 3 of 60"],
    ["level", "its own history"],
    ["temperature", "temperature@factory-2, learning 7 of 60"],
  ]);
});

test("a ledger whose shard is too full to look through says so", () => {
  const counts = { deviceId: "kiln", received: 12_345, stored: 12_000, duplicate: 0, rejected: 1 };
  expect(ledgerFacts({ ...counts, inFlight: null })).toContainEqual(["On the way", "many"]);
  expect(ledgerFacts({ ...counts, inFlight: 344 })[0]).toEqual(["Received", "12,345"]);
});
