import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../harness/axe.ts";
import { until } from "../harness/local-servers.ts";
import { comeIn, passwords } from "../harness/operators.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";
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

describe("an alarm that clears before anybody has seen it", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("unseen", { ALARM_CLEAR_SECONDS: "4" });
    page = await stage.newPage();
  });

  afterAll(() => stage?.close());

  const row = (deviceId: string) => page.locator("#inbox .alarm").filter({ hasText: deviceId });
  const over = (deviceId: string) => row(deviceId).and(page.locator('[data-state="cleared"]'));
  const counted = (text: string) =>
    until(
      `the inbox counts ${text}`,
      async () => (await page.locator("#inbox-count").textContent()) === text,
    );
  const suffer = (deviceId: string) =>
    stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, '{"temperature":150}', { qos: 1 });

  test("stays in the inbox as cleared until it is acknowledged, and is gone then, also elsewhere", async () => {
    await page.goto(stage.consoleUrl);
    await page.locator('[data-connection="live"]').waitFor();
    await suffer("vat-1");
    await row("vat-1").and(page.locator('[data-state="raised"]')).waitFor();
    await counted("1 open");
    await suffer("vat-2");
    await over("vat-1").waitFor();
    await over("vat-2").waitFor();
    await counted("2 cleared unseen");
    expect(await row("vat-1").textContent()).toMatch(/critical, cleared after \d+ s/);

    await page.reload();
    await over("vat-1").waitFor();
    expect(await violations(page)).toEqual([]);
    const other = await stage.newPage();
    await other.goto(`${stage.consoleUrl}/alarms?state=unseen`);
    await other.locator(".alarm-row").nth(1).waitFor();

    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("a");
    await row("vat-1").waitFor({ state: "detached" });
    await counted("1 cleared unseen");
    await other.locator(".alarm-row").filter({ hasText: "vat-1" }).waitFor({ state: "detached" });
    expect(String(await page.evaluate("document.activeElement.textContent"))).toContain("vat-2");

    await other.getByLabel("Select all that are shown").check();
    await other.getByRole("button", { name: "Acknowledge 1", exact: true }).click();
    await other.getByRole("status").filter({ hasText: "Acknowledged 1." }).waitFor();
    await page.locator("#inbox").waitFor({ state: "hidden" });
    const answered = page.waitForResponse("**/api/v1/alarms?state=unseen**");
    await page.reload();
    expect(await (await answered).json()).toEqual({ alarms: [], next: null });
    expect(await page.locator("#inbox").isVisible()).toBe(false);
  });

  test("is acknowledged on its page, and stays cleared", async () => {
    await suffer("vat-3");
    await over("vat-3").waitFor();
    await row("vat-3")
      .getByRole("link", { name: /^Details/ })
      .click();
    await page.locator('[data-alarm-page][data-state="cleared"]').waitFor();
    await page.getByRole("button", { name: "Acknowledge", exact: true }).click();
    await page.getByText("Acknowledged by anyone", { exact: true }).waitFor();
    await page.getByText(/^· cleared after \d+ s · acknowledged by anyone/).waitFor();
    expect(await page.getByRole("button", { name: "Acknowledge", exact: true }).count()).toBe(0);
    expect(stage.complaints).toEqual([]);
  });
});
