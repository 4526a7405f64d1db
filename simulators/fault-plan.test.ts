import { expect, test } from "vitest";
import { factoryDevices } from "./factory.ts";
import { type FaultPlan, type PlannedFault, plannedFaults, strikes } from "./fault-plan.ts";
import type { FaultKind } from "./signal.ts";

const plan: FaultPlan = {
  devices: factoryDevices(8),
  seed: 1,
  startUs: 1e15,
  firstMs: 21_000,
  everyMs: 30_000,
  cadenceMs: 1000,
};
const hourUs = 3600e6;
const quiet: readonly FaultKind[] = ["stuck", "drop-out", "silence"];
const loud = (fault: PlannedFault) => !quiet.includes(fault.kind);

test("the first fault of a default fleet is a spike 20 to 22 seconds after the start", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const [first] = plannedFaults({ ...plan, seed }, plan.startUs, plan.startUs + hourUs);
    expect(first?.kind).toBe("spike");
    expect(((first?.startUs ?? 0) - plan.startUs) / 1e6).toBeGreaterThanOrEqual(20);
    expect(((first?.startUs ?? 0) - plan.startUs) / 1e6).toBeLessThanOrEqual(22);
  }
});

test("visible faults come every 20 to 40 seconds, never twice in a row at one device, and reach all devices", () => {
  const faults = plannedFaults(plan, plan.startUs, plan.startUs + hourUs).filter(loud);
  expect(faults.length).toBeGreaterThan(110);
  faults.slice(1).forEach((fault, index) => {
    const before = faults[index];
    const gapSeconds = (fault.startUs - (before?.startUs ?? 0)) / 1e6;
    expect(gapSeconds).toBeGreaterThanOrEqual(20);
    expect(gapSeconds).toBeLessThanOrEqual(40);
    expect(fault.deviceId).not.toBe(before?.deviceId);
  });
  expect(new Set(faults.map((fault) => fault.deviceId)).size).toBe(8);
});

test("every kind of fault has its turn, at a sensor that the device has", () => {
  const faults = plannedFaults(plan, plan.startUs, plan.startUs + hourUs);
  expect(new Set(faults.map((fault) => fault.kind)).size).toBe(6);
  for (const fault of faults) {
    expect(plan.devices.find((device) => device.id === fault.deviceId)?.sensorTypes).toContain(
      fault.sensorType,
    );
  }
});

test("a window knows every fault that reigns in it, also one that began before", () => {
  const all = plannedFaults(plan, plan.startUs, plan.startUs + hourUs);
  for (let second = 0; second < 3000; second += 7) {
    const nowUs = plan.startUs + second * 1e6;
    const reigning = all.filter((fault) => fault.startUs <= nowUs && nowUs < fault.endUs);
    expect(plannedFaults(plan, nowUs, nowUs)).toEqual(reigning);
  }
});

test("nothing is wrong before the start or without devices", () => {
  expect(plannedFaults(plan, plan.startUs - hourUs, plan.startUs)).toEqual([]);
  expect(plannedFaults({ ...plan, devices: [] }, plan.startUs, plan.startUs + hourUs)).toEqual([]);
});

test("a slow device has a spike long enough to be seen", () => {
  const [first] = plannedFaults({ ...plan, cadenceMs: 10_000 }, plan.startUs, plan.startUs + hourUs);
  expect((first?.endUs ?? 0) - (first?.startUs ?? 0)).toBeGreaterThanOrEqual(20e6);
});

test("a silence strikes every sensor of its device, any other fault only its own", () => {
  const faults = plannedFaults(plan, plan.startUs, plan.startUs + hourUs);
  for (const fault of faults) {
    expect(strikes(fault, fault.deviceId, fault.sensorType)).toBe(true);
    expect(strikes(fault, fault.deviceId, "another")).toBe(fault.kind === "silence");
    expect(strikes(fault, "another", fault.sensorType)).toBe(false);
  }
});
