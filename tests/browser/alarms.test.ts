import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../harness/axe.ts";
import { until } from "../harness/local-servers.ts";
import { comeIn, passwords } from "../harness/operators.ts";
import { type GuardedStage, openGuardedStage } from "./guarded-stage.ts";

/** Two that are critical, two that are major; the youngest is one of these. */
const temperatures = { "tank-1": 150, "tank-2": 33, "tank-3": 160, "tank-4": 33 };

describe("the list of alarms is worked", () => {
  let stage: GuardedStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openGuardedStage("alarms");
    page = stage.page;
    const token = new URL(stage.firstAdminUrl).hash.replace("#first-admin=", "");
    const ada = await comeIn(stage.consoleUrl, "first-admin", {
      token,
      name: "ada",
      password: passwords.ada,
    });
    for (const [name, role] of Object.entries({ ben: "viewer", cleo: "operator" } as const))
      await ada.ask("operators", { body: { name, role, password: passwords[name as "ben" | "cleo"] } });
    for (const [device_id, temperature] of Object.entries(temperatures))
      await stage.send(JSON.stringify({ device_id, temperature }));
    await until("all of them are alarms", async () => {
      const { body } = await ada.ask("alarms?state=open");
      return Array.isArray(body["alarms"]) && body["alarms"].length === 4;
    });
  });

  afterAll(() => stage?.close());

  const row = (deviceId: string) => page.locator(".alarm-row").filter({ hasText: deviceId });
  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const says = (text: string) => page.getByRole("status").filter({ hasText: text }).waitFor();
  const focused = async () => String(await page.evaluate("document.activeElement.textContent"));

  async function logIn(name: "ben" | "cleo", state = "open"): Promise<void> {
    await page.context().clearCookies();
    await page.goto(`${stage.consoleUrl}/alarms?state=${state}`);
    await page.locator("#login-name").fill(name);
    await page.locator("#login-password").fill(passwords[name]);
    await page.keyboard.press("Enter");
    await row("tank-1").waitFor();
  }

  async function press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await page.keyboard.press(key);
  }

  test("by keyboard: through the rows, the worst first, and one is acknowledged", async () => {
    await logIn("cleo");
    const names = await page.locator(".alarm-row a").allTextContents();
    expect(names.map((name) => name.slice(0, 6))).toEqual(["tank-3", "tank-1", "tank-4", "tank-2"]);
    await press("j", "j", "k");
    expect(await focused()).toMatch(/^tank-3/);
    await press("j", "a");
    await row("tank-1").and(page.locator('[data-state="acknowledged"]')).waitFor();
    await says("Acknowledged 1.");
    expect(await focused()).toMatch(/^tank-1/);
    expect(await row("tank-1").textContent()).toContain("acknowledged by cleo");
    expect(await violations(page)).toEqual([]);
  });

  test("many at once: what is selected is acknowledged, or put on the shelf", async () => {
    await press("x", "j", "x");
    await button("Acknowledge 1").waitFor();
    await press("a");
    await row("tank-4").and(page.locator('[data-state="acknowledged"]')).waitFor();
    expect(await row("tank-2").getAttribute("data-state")).toBe("raised");

    await page.getByLabel("Select all that are shown").check();
    await button("Acknowledge 2").click();
    await says("Acknowledged 2.");
    await press("j", "x", "j", "x");
    await button("Shelve 2").click();
    await says("Shelved 2.");
    // Each goes as it is heard of.
    await until("two are left", async () => (await page.locator(".alarm-row").count()) === 2);
    expect(await row("tank-3").count()).toBe(0);
    expect(await focused()).toBe("Alarms");
  });

  test("Enter opens the alarm of the row", async () => {
    await press("j", "Enter");
    await page.locator("[data-alarm-page]").waitFor();
    expect(await page.locator("h2").first().textContent()).toMatch(/^tank-4/);
  });

  test("and whoever only looks is offered nothing to do", async () => {
    await logIn("ben", "all");
    await page.locator(".alarm-row").nth(3).waitFor();
    const offered = page.locator(".alarm-row input, .alarm-row button, .alarm-tools");
    expect(await offered.filter({ visible: true }).count()).toBe(0);
    await press("j", "x", "a");
    expect(await focused()).toMatch(/^tank-4/);
    expect(await violations(page)).toEqual([]);
  });
});
