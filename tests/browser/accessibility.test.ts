import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { colourViolations, violations } from "../harness/axe.ts";
import { until } from "../harness/local-servers.ts";
import { passwords } from "../harness/operators.ts";
import { type GuardedStage, openGuardedStage } from "./guarded-stage.ts";

const themes = ["dark", "light", "contrast"] as const;
type Theme = (typeof themes)[number];

/** Every address of the console, and what is seen there once there is something to show. */
const places: readonly (readonly [path: string, shows: string])[] = [
  ["/", 'article[data-device="kiln-1"]'],
  ["/devices", '.rows [data-device="kiln-1"]'],
  ["/devices/kiln-1", '.trace[data-sensor="temperature"]'],
  ["/alarms?state=all", "[data-alarm]"],
  ["/alarms/1", "[data-alarm-page] .evidence figure"],
  ["/models?type=temperature", '[data-model-type="temperature"]'],
  ["/ops", '[data-tile="Readings a second"]'],
  ["/ops?part=ledger", "[data-ledger]"],
  ["/ops?part=rejected", ".rejected-row"],
  ["/ops?part=notifications", "[data-notification]"],
  ["/settings?part=rules", "[data-rule]"],
  ["/settings?part=notifications", "[data-route]"],
  ["/settings?part=devices", "[data-credential]"],
  ["/settings?part=claims", ".desk-list li"],
  ["/settings?part=services", ".desk-list li"],
  ["/settings?part=operators", ".desk-list li"],
  ["/settings?part=tokens", ".desk-list li"],
  ["/settings?part=password", "input[type=password]"],
  ["/settings?part=browser", "[data-switch=sound]"],
  ["/settings?part=retention", ".desk-section"],
  ["/settings?part=changes", "#change-list li"],
  ["/nowhere", "#page [role=alert]"],
];

/** What can lie over a page or be switched on in it: where, by which keys, and what is seen then. */
const extras: readonly (readonly [name: string, path: string, keys: readonly string[], shows: string])[] = [
  ["the table beside the charts", "/devices/kiln-1", ["t"], ".twin table"],
  ["the charts paused", "/devices/kiln-1", [" "], '[data-pace="paused"]'],
  ["why a reading is unusual", "/devices/kiln-1", ["]"], "#tooltip"],
  ["a range without readings", "/devices/kiln-1?from=2020-01-01&to=2020-01-02", [], ".device-nothing"],
  ["the palette", "/", ["Control+k"], "#palette-list li"],
  ["the keys", "/", ["?"], ".help"],
];

/**
 * axe on every page, in every theme. A theme changes nothing but colours, so in the second and the third only what colours decide is asked.
 * The tests go on where the one before them stopped: with a platform that is fresh, then filled, then gone.
 */
describe("nothing is wrong for assistive technology", () => {
  let stage: GuardedStage;
  let page: Page;
  /** Requests under way. */
  let asking = 0;
  let found: string[];

  beforeAll(async () => {
    stage = await openGuardedStage("accessibility");
    page = stage.page;
    page.on("request", () => {
      asking += 1;
    });
    const onEnd = (): void => {
      asking -= 1;
    };
    page.on("requestfinished", onEnd);
    page.on("requestfailed", onEnd);
  });

  beforeEach(() => {
    found = [];
  });

  afterAll(() => stage?.close());

  /** Goes there as a link within the console does, which is faster than to load all of it. */
  async function go(path: string): Promise<void> {
    await page.evaluate(
      `history.pushState(null, "", ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent("popstate"))`,
    );
    const waits = "document.querySelector('.desk[data-state=loading], #loading:not([hidden])') !== null";
    const isReady = async () => asking <= 0 && (await page.evaluate(waits)) === false;
    await until(`${path} is there`, isReady, { everyMs: 20 });
  }

  /** As somebody else would choose it, without a way of the focus. */
  async function show(theme: Theme): Promise<void> {
    await page.evaluate(`document.querySelector('#theme input[value="${theme}"]').click()`);
  }

  async function check(what: string): Promise<void> {
    for (const theme of themes) {
      await show(theme);
      const wrong = await (theme === "dark" ? violations : colourViolations)(page);
      found.push(...wrong.map((line) => `${what}, ${theme}: ${line}`));
    }
  }

  /** Everything that axe knows, at 360 px, and that nothing sticks out there. */
  async function checkPhone(what: string, theme: Theme): Promise<void> {
    await page.setViewportSize({ width: 360, height: 740 });
    await show(theme);
    const fits = "document.documentElement.scrollWidth <= innerWidth";
    await until(`${what} fits a phone`, async () => (await page.evaluate(fits)) === true);
    found.push(...(await violations(page)).map((line) => `${what}, ${theme}, 360 px: ${line}`));
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  async function logIn(name: keyof typeof passwords): Promise<void> {
    await page.locator("#login-name").fill(name);
    await page.locator("#login-password").fill(passwords[name]);
    await page.keyboard.press("Enter");
    await page.locator('[data-connection="live"]').waitFor();
  }

  test("while the first admin is made, and while nobody is logged in", async () => {
    await page.goto(stage.firstAdminUrl);
    await page.locator("#login").waitFor();
    await check("first admin");
    await checkPhone("first admin", "light");
    await page.locator("#login-other").click();
    await check("login");
    await checkPhone("login", "contrast");
    expect(found).toEqual([]);
  });

  test("on any page of a platform that has heard of nothing yet", async () => {
    await page.goto("about:blank");
    await page.goto(stage.firstAdminUrl);
    await logIn("ada");
    for (const [path] of places) {
      await go(path);
      await check(path);
    }
    expect(found).toEqual([]);
  });

  test("on any page of a platform that is in use, nor on a phone", async () => {
    await stage.fill();
    for (const [at, [path, shows]] of places.entries()) {
      await go(path);
      await page.locator(shows).first().waitFor();
      await check(path);
      await checkPhone(path, themes[at % themes.length] ?? "dark");
    }
    expect(found).toEqual([]);
  });

  test("in what lies over a page, or is switched on in it", async () => {
    for (const [at, [name, path, keys, shows]] of extras.entries()) {
      await go("/nowhere");
      await go(path);
      if (path === "/devices/kiln-1") await page.locator(".trace[data-dots]").first().waitFor();
      for (const key of keys) await page.keyboard.press(key);
      await page.locator(shows).first().waitFor();
      await check(name);
      await checkPhone(name, themes[at % themes.length] ?? "dark");
      await page.keyboard.press("Escape");
    }
    expect(found).toEqual([]);
  });

  test.each(["ben", "cleo"] as const)("on any page as %s sees it, who may do less", async (name) => {
    await page.context().clearCookies();
    await page.goto(stage.consoleUrl);
    await logIn(name);
    await show("dark");
    for (const [path] of places) {
      await go(path);
      found.push(...(await violations(page)).map((line) => `${path}, ${name}: ${line}`));
    }
    expect(found).toEqual([]);
  });

  test("on any page while the server is gone", async () => {
    await stage.kill();
    await page.getByText(/Connection lost \d+ s ago/).waitFor();
    for (const [path] of places) {
      await go(path);
      await check(path);
    }
    expect(found).toEqual([]);
  });
});
