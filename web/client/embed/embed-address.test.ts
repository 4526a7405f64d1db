import { expect, test } from "vitest";
import { frameLine, readAddress } from "./embed-address.ts";

const at = (url: string) => readAddress(new URL(url, "https://plant.example"));

test("reads the device, the sensors, the range and the theme, each as usual when it is left out", () => {
  expect(at("/embed/device/oven%201?sensors=temperature,humidity&from=now-6h&theme=dark")).toMatchObject({
    deviceId: "oven 1",
    sensors: ["temperature", "humidity"],
    range: { from: { kind: "ago", ms: 6 * 3_600_000 }, to: { kind: "ago", ms: 0 } },
    theme: "dark",
    token: undefined,
  });
  expect(at("/embed/device/a?theme=pink&from=nonsense")).toMatchObject({
    sensors: [],
    range: { from: { kind: "ago", ms: 15 * 60_000 } },
    theme: "system",
  });
});

test("takes the token from behind the # or from the query, and has an address without it", () => {
  const behind = at("/embed/device/a?from=now-1h#token=tme_1");
  expect([behind.token, behind.bare]).toEqual(["tme_1", "/embed/device/a?from=now-1h"]);
  const within = at("/embed/device/a?token=tme_2");
  expect([within.token, within.bare]).toEqual(["tme_2", "/embed/device/a"]);
});

test("gives a line for a page that leads back to the same device and token, whatever the device is called", () => {
  const line = frameLine("https://plant.example", `a"b<c&d`, "tme_3");
  expect(line).toContain(`title="a&quot;b&lt;c&amp;d"`);
  const address = at(/src="([^"]*)"/.exec(line)?.[1] ?? "");
  expect([address.deviceId, address.token]).toEqual([`a"b<c&d`, "tme_3"]);
});
