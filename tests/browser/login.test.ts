import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { launchChromium } from "../harness/chromium.ts";
import { until } from "../harness/local-servers.ts";
import { type Caller, comeIn, passwords } from "../harness/operators.ts";
import { type Program, startProgram } from "../harness/program.ts";
import { createTestDatabase, type TestDatabase } from "../harness/test-database.ts";

const key = "a-key-of-the-legacy-door";

describe("a console that asks who sits there", () => {
  const profile = mkdtempSync(join(tmpdir(), "tidemark-chromium-"));
  let database: TestDatabase;
  let program: Program;
  let base: string;
  let browser: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    database = await createTestDatabase(inject("postgresUrl"));
    program = startProgram([], { DATABASE_URL: database.url, ACCESS: "credentials", LEGACY_HTTP_KEY: key });
    base = (await program.ready())["console"] ?? "";
    browser = await launchChromium(profile);
  });

  beforeEach(async () => {
    page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      // What asks who is there is answered 401 now and then, and the browser writes each of these down.
      const isExpected = /status of 40[139]|WebSocket connection to .* failed/.test(message.text());
      if (message.type() === "error" && !isExpected) complaints.push(message.text());
    });
  });

  afterEach(async () => {
    await page.close();
    await browser.clearCookies();
  });

  afterAll(async () => {
    await browser?.close();
    await program.kill("SIGKILL");
    await database.drop();
    rmSync(profile, { recursive: true, force: true });
  });

  const login = () => page.locator("#login");
  const error = () => page.locator("#login-error");
  const focused = () => page.evaluate("document.activeElement.id");
  const storedBoard = () => page.evaluate("localStorage.getItem('tidemark:board:1')");

  async function fill(name: string, password: string): Promise<void> {
    await page.locator("#login-name").fill(name);
    await page.locator("#login-password").fill(password);
    await page.keyboard.press("Enter");
  }

  async function isLive(): Promise<void> {
    await login().waitFor({ state: "hidden" });
    await page.locator('[data-connection="live"]').waitFor();
  }

  const send = async (value: number): Promise<void> => {
    const body = JSON.stringify({ device_id: "press-01", metrics: [{ type: "temperature", value }] });
    const { status } = await fetch(`${base}/data`, { method: "POST", headers: { "x-api-key": key }, body });
    expect(status).toBe(202);
  };

  async function settings(part: string): Promise<void> {
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByRole("link", { name: part, exact: true }).click();
  }

  async function asAdmin(): Promise<Caller> {
    return comeIn(base, "login", { name: "ada", password: passwords.ada });
  }

  test("makes the first admin by the link of the start, shows the board, and lets go of it", async () => {
    const { firstAdmin } = await program.ready();
    await send(21);
    await page.goto(`${base}/#first-admin=${firstAdmin}`);
    await login().waitFor();
    // Read once, it is not left lying about.
    expect(page.url()).toBe(`${base}/`);
    expect(await focused()).toBe("login-name");
    await fill("Ada", "too short");
    expect(await error().textContent()).toBe("A password has 12 to 256 characters.");
    await fill("Ada", passwords.ada);
    await isLive();
    await page.locator('article[data-device="press-01"]').waitFor();
    expect(await page.locator("#account").textContent()).toMatch(/ada\s+admin/);
    await page.reload();
    await isLive();

    await page.locator("#logout").click();
    await login().waitFor();
    expect(await page.locator("article").count()).toBe(0);
    expect(await storedBoard()).toBeNull();
  });

  test("tells who is refused no more than that, by keyboard as well", async () => {
    await page.goto(base);
    await login().waitFor();
    await page.keyboard.type("ada");
    await page.keyboard.press("Tab");
    await page.keyboard.type("a wrong password");
    await page.keyboard.press("Enter");
    await until("it is refused", async () => (await error().textContent()) !== "");
    expect(await error().textContent()).toBe("No operator has this name and this password.");
    expect(await focused()).toBe("login-password");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    expect(await login().isVisible()).toBe(true);
    await page.keyboard.type(passwords.ada);
    await page.keyboard.press("Enter");
    await isLive();
  });

  test("keeps the board beneath the login when a session ends, and goes on with it", async () => {
    await page.goto(base);
    await login().waitFor();
    await fill("ada", passwords.ada);
    await isLive();
    await page.locator('article[data-device="press-01"]').waitFor();
    await page.evaluate("document.querySelector('article').dataset.mark = 'same'");
    await database.query("UPDATE sessions SET expires_at = now()");
    await login().waitFor();
    expect(await focused()).toBe("login-password");
    expect(await page.locator("#login-name").inputValue()).toBe("ada");
    await fill("ada", passwords.ada);
    await isLive();
    expect(await page.locator('article[data-mark="same"]').count()).toBe(1);
    await send(64);
    await until(
      "the board goes on",
      async () => (await page.locator("article").textContent())?.includes("64") === true,
    );
  });

  test("does not offer a viewer what only operators may", async () => {
    const admin = await asAdmin();
    await admin.ask("operators", { body: { name: "ben", role: "viewer", password: passwords.ben } });
    await fetch(`${base}/data`, { method: "POST", headers: { "x-api-key": key }, body: "junk" });
    const rejected = async (name: keyof typeof passwords) => {
      await browser.clearCookies();
      await page.goto(base);
      await login().waitFor();
      await fill(name, passwords[name]);
      await isLive();
      await page.locator("#rejected-open").click();
      await page.locator("#rejected-list > li").waitFor();
    };
    await rejected("ben");
    expect(await page.getByRole("button", { name: /Replay|Discard/ }).count()).toBe(0);
    await page.keyboard.press("j");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Delete");
    expect(await page.locator("#rejected-list > li").count()).toBe(1);
    await rejected("ada");
    expect(await page.getByRole("button", { name: /Replay|Discard/ }).count()).toBe(4);
    const { body } = await (await asAdmin()).ask("rejected");
    expect(body["rejected"]).toHaveLength(1);
  });

  test("lets an admin add an operator and make a token, and shows their secrets once", async () => {
    page.on("dialog", (dialog) => void dialog.accept());
    await page.goto(base);
    await login().waitFor();
    await fill("ada", passwords.ada);
    await isLive();
    await settings("Operators");
    await page.locator("#page").getByLabel("Name", { exact: true }).fill("cleo");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("Password of cleo:").waitFor();
    const password = await page.locator(".secret-once code").textContent();
    await settings("API tokens");
    await page.locator("#page").getByLabel("Name", { exact: true }).fill("wall");
    await page.getByRole("button", { name: "Make" }).click();
    await page.getByText("Token wall:").waitFor();
    const secret = await page.locator(".secret-once code").textContent();
    const answer = await fetch(`${base}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } });
    expect(await answer.json()).toEqual({ name: "wall", role: "viewer", kind: "token" });
    await page.getByRole("button", { name: "Revoke wall" }).click();
    await page.getByText("wall is revoked.").waitFor();
    expect(await page.locator("#page").textContent()).not.toContain(secret);
    await settings("Changes");
    await page.locator("#change-list li").first().waitFor();
    expect(await page.locator("#change-list li").first().textContent()).toMatch(
      /token\.revoke wall by operator:ada/,
    );
    await settings("Operators");
    await page.getByRole("button", { name: "Remove ada" }).click();
    await page.getByText("Ada is the last admin").waitFor();
    await page.locator("#logout").click();
    await login().waitFor();

    // The new operator chooses a password of their own, and has nothing else here.
    await fill("cleo", password ?? "");
    await isLive();
    await settings("Operators");
    await page.getByText("This needs the role admin; yours is viewer.").waitFor();
    await settings("Your password");
    await page
      .locator("#page")
      .getByLabel("Now", { exact: true })
      .fill(password ?? "");
    await page.locator("#page").getByLabel("From now on").fill("one of her own choice");
    await page.keyboard.press("Enter");
    await page.getByText("Your password is changed.").waitFor();
    await comeIn(base, "login", { name: "cleo", password: "one of her own choice" });
  });

  test("fits a phone without scrolling sideways, and complains of nothing", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(base);
    await login().waitFor();
    const widest =
      "Math.max(...[...document.querySelectorAll('#login, #login *')].map((e) => e.scrollWidth))";
    expect(await page.evaluate(widest)).toBeLessThanOrEqual(360);
    await fill("ada", passwords.ada);
    await isLive();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(complaints).toEqual([]);
  });
});
