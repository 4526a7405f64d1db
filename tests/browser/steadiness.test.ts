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
  const topOf = async (selector: string) => (await page.locator(selector).first().boundingBox())?.y;
  const order = (rows: string) =>
    page.locator(rows).evaluateAll((all) => all.map(({ textContent }) => textContent?.match(/loom-\d/)?.[0]));

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

  for (const [where, rows] of [
    ["/", "#inbox .alarm"],
    ["/alarms", ".alarm-row"],
  ] as const) {
    test(`does not move under the mouse when an alarm comes, on ${where}`, async () => {
      await page.goto(`${stage.consoleUrl}${where}`);
      await page.locator(rows).first().waitFor();
      const before = await order(rows);
      const newest = `loom-${before.length + 1}`;
      const height = await topOf(rows);
      const moves = setInterval(() => void page.mouse.move(100 + Math.random(), (height ?? 0) + 10), 200);
      await page.mouse.move(100, (height ?? 0) + 10);
      await publish(newest, 150);
      await page.locator(rows).filter({ hasText: newest }).waitFor();
      const held = await order(rows);
      clearInterval(moves);
      expect(held).toEqual([...before, newest]);
      await page.mouse.move(1000, 5);
      await until("the worst is on top", async () => (await order(rows))[0] === newest);
    });
  }

  test("keeps the focus when an alarm is judged or acknowledged by keyboard", async () => {
    const row = page.locator("#inbox .alarm").filter({ hasText: "loom-1" });
    for (const [name, left] of [
      ["Confirm", "Confirm"],
      ["Acknowledge", "loom-1"],
    ] as const) {
      const answered = page.waitForResponse("**/api/v1/alarms/**");
      await row.getByRole("button", { name: new RegExp(`^${name}`) }).focus();
      await page.keyboard.press("Enter");
      await answered;
      const read = "document.activeElement.ariaLabel ?? document.activeElement.textContent";
      const isThere = async () => String(await page.evaluate(read)).startsWith(left);
      await until(`the focus is on ${left}`, isThere);
    }
  });

  test("does not move when the numbers of the fleet come", async () => {
    await page.locator(".fleet").waitFor();
    const top = await topOf(".view-choice");
    const rate = page.locator(".fleet div").filter({ hasText: "readings/s" }).locator("dd");
    await until("there is a rate", async () => (await rate.textContent()) !== "–", { withinMs: 10_000 });
    await rate.evaluate((cell) => (cell.textContent = "1,234.5"));
    expect(await topOf(".view-choice")).toBe(top);
  });

  test("does not move when a chart is paused", async () => {
    await page.goto(`${stage.consoleUrl}/devices/loom-1`);
    await page.locator(".trace").waitFor();
    for (const width of [1280, 1100, 768, 360]) {
      await page.setViewportSize({ width, height: 800 });
      const top = await topOf(".trace");
      await page.keyboard.press("Space");
      await page.getByRole("button", { name: /^Paused/ }).waitFor();
      expect(await topOf(".trace"), `at ${width} pixels`).toBe(top);
      await page.keyboard.press("Space");
      await page.getByRole("button", { name: "Live", exact: true }).waitFor();
    }
  });
});
