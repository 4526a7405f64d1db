import type { Client } from "aedes";
import { expect, test } from "vitest";
import type { Principal } from "../../schema/access.ts";
import { CommandEars } from "./command-ears.ts";

function client(id: string, subscriptions: Record<string, 0 | 1>): Client {
  const kept = Object.entries(subscriptions).map(([filter, qos]) => [filter, { qos }]);
  // As much of a client as is looked at.
  return { id, closed: false, subscriptions: Object.fromEntries(kept) } as unknown as Client;
}

const device: Principal = { kind: "device", deviceId: "press" };
const anyone: Principal = { kind: "anyone" };

test.each([
  ["devices/press/commands/+", true],
  ["devices/press/commands/reboot", true],
  ["devices/press/commands/#", true],
  ["devices/press/#", true],
  ["devices/+/+/+", true],
  ["#", true],
  ["devices/press/status", false],
  ["devices/press/commands", false],
  ["devices/press/commands/reboot/answer", false],
  ["devices/oven/commands/#", false],
])("a device with %s hears its commands: %s", (filter, isHeard) => {
  const ears = new CommandEars();
  expect(ears.look(client("press", { [filter]: 1 }), device)).toEqual(isHeard ? ["press"] : []);
  expect(ears.has("press")).toBe(isHeard);
});

test("a service account is nobody's ear, so what it acknowledges is not taken for delivered", () => {
  const service: Principal = { kind: "service", name: "audit", publish: [], subscribe: ["#"] };
  expect(new CommandEars().look(client("audit", { "devices/press/commands/#": 1 }), service)).toEqual([]);
});

test.each([
  ["any id", "devices/press/commands/#", ["press"]],
  ["press", "devices/+/commands/#", ["press"]],
  ["press", "#", ["press"]],
  ["any id", "#", ["any id"]],
  ["any id", "devices/press/#", []],
])("without access control the client %s with %s is an ear of %j", (id, filter, devices) => {
  expect(new CommandEars().look(client(id, { [filter]: 1 }), anyone)).toEqual(devices);
});

test("a command goes to those that listen to it, and to those that acknowledge if there are any", () => {
  const ears = new CommandEars();
  const [careless, careful] = [
    client("a", { "devices/press/#": 0 }),
    client("b", { "devices/press/commands/led": 1 }),
  ];
  ears.look(careless, device);
  ears.look(careful, device);
  expect(ears.of("press", "led")).toEqual([{ client: careful, qos: 1 }]);
  expect(ears.of("press", "reboot")).toEqual([{ client: careless, qos: 0 }]);
  expect(ears.remove(careless)).toEqual(["press"]);
  expect(ears.of("press", "reboot")).toEqual([]);
  expect(ears.has("press")).toBe(true);
  ears.remove(careful);
  expect(ears.has("press")).toBe(false);
});
