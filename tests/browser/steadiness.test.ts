import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../harness/local-servers.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

describe("what an operator looks at, or is about to press", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("steadiness");
    for (const temperature of [21, 22, 21.5, 33]) await publish("loom-1", temperature);
  });

  beforeEach(async () => {
    await page?.close();
    page = await stage.newPage();
    await page.goto(stage.consoleUrl);
    await page.locator('article[data-device="loom-1"]').waitFor();
  });

  afterAll(() => stage?.close());

  const publish = (deviceId: string, temperature: number) =>
    stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, JSON.stringify({ temperature }), { qos: 1 });
  const goTo = (name: string) => page.locator("#navigation").getByRole("link", { name }).click();

  test("is not told by the next page what the one before has counted", async () => {
    await page.locator("#counts").waitFor();
    await goTo("Devices");
    await page.locator('.rows [data-device="loom-1"]').waitFor();
    await page.locator("#counts").waitFor({ state: "hidden" });
    expect(await page.title()).toBe("Devices · Tidemark");
  });

  test("is not told by the next page what the one before could not ask", async () => {
    const held: Route[] = [];
    await page.route("**/api/v1/devices?*", (route) => route.abort());
    await page.route("**/api/v1/anomalies*", (route) => void held.push(route));
    await page.reload();
    await page.locator("#banner").getByText("Trying again").waitFor();
    await until("the anomalies are asked for", () => held.length > 0);
    await goTo("Ops");
    await page.locator('[data-tile="Waiting"]').waitFor();
    const answered = page.waitForResponse("**/api/v1/anomalies*");
    for (const route of held) await route.continue();
    await answered;
    // What the page that was left makes of the answer would be seen with the next look at the clock.
    await page.waitForTimeout(1500);
    expect(await page.locator("#banner").isVisible()).toBe(false);
    expect(await page.locator("#counts").isVisible()).toBe(false);
  });
});
