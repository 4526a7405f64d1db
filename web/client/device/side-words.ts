import type { DeviceSummary } from "../../../schema/api.ts";
import type { ModelTypeSummary } from "../../../schema/model.ts";
import { formatCount } from "../shell/format.ts";
import type { fetchDeviceLedger } from "./questions.ts";

type Ledger = Awaited<ReturnType<typeof fetchDeviceLedger>>;
type Sensor = Pick<DeviceSummary["sensors"][number], "type" | "label" | "learning">;
type Model = Pick<ModelTypeSummary, "sensorType" | "judging">;

/** A name, and what is true of it now. */
export type Fact = readonly [name: string, value: string];

/** What judges each sensor of the device: a model, its own history, and how far that is while it is too young. */
export function modelFacts(types: readonly Model[], sensors: readonly Sensor[]): readonly Fact[] {
  return sensors.map(({ type, label, learning }) => {
    const judging = types.find(({ sensorType }) => sensorType === type)?.judging ?? "none";
    const words = [
      ...(judging === "none" ? [] : [judging]),
      ...(learning === null ? [] : [`learning ${learning.readings} of ${learning.of}`]),
    ];
    return [label, words.length === 0 ? "its own history" : words.join(", ")];
  });
}

/** What became of everything the device sent. */
export function ledgerFacts({ received, stored, duplicate, rejected, inFlight }: Ledger): readonly Fact[] {
  return [
    ["Received", formatCount(received)],
    ["Stored", formatCount(stored)],
    ["Duplicate", formatCount(duplicate)],
    ["Rejected", formatCount(rejected)],
    ["On the way", inFlight === null ? "many" : formatCount(inFlight)],
  ];
}
