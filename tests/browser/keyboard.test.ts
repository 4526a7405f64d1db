import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatTimestamp } from "../../schema/timestamp.ts";
import { until } from "../harness/local-servers.ts";
import { passwords } from "../harness/operators.ts";
import { type GuardedStage, openGuardedStage } from "./guarded-stage.ts";

/** Where the keyboard is: what has the focus, and whether that can be seen. */
interface Focus {
  readonly tag: string;
  /** As a screen reader would call it, roughly. */
  readonly name: string;
  readonly isVisible: boolean;
}

const readFocus = `(() => {
  const at = document.activeElement;
  const ringed = at.matches("input[type=radio]") ? at.nextElementSibling : at;
  const style = getComputedStyle(ringed);
  const box = at.getBoundingClientRect();
  return {
    tag: at.tagName.toLowerCase(),
    name: at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "",
    isVisible: style.outlineStyle !== "none" && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  };
})()`;

/** A day at the console without a pointer; after every step the focus is somewhere, and can be seen. */
describe("by keyboard alone", () => {
  let stage: GuardedStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openGuardedStage("keyboard", { MAX_FUTURE_SECONDS: "1" });
    page = stage.page;
    await page.goto(stage.firstAdminUrl);
    await page.locator("#login-name:focus").waitFor();
    await type("ada");
    await press("Tab");
    await type(passwords.ada);
    await press("Enter");
    await isOpen("/", "[data-empty]");
    await stage.fill();
  });

  afterAll(() => stage?.close());

  const focus = async (): Promise<Focus> => (await page.evaluate(readFocus)) as Focus;
  const type = (text: string) => page.keyboard.type(text);

  async function press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await page.keyboard.press(key);
  }

  async function isOpen(path: string, shows: string): Promise<void> {
    await page.locator(shows).first().waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
  }

  /** A page that was just opened has the focus as a whole; anything smaller shows it. */
  async function hasFocus(name = /(?:)/): Promise<void> {
    const isThere = async () => {
      const at = await focus();
      return at.tag !== "body" && name.test(at.name);
    };
    await until(`the focus is on ${name}`, isThere, { withinMs: 10_000 }).catch(() => undefined);
    const at = await focus();
    expect(at.tag, "the focus is lost").not.toBe("body");
    expect(at.name).toMatch(name);
    if (at.tag !== "main") expect(at, "the focus cannot be seen").toMatchObject({ isVisible: true });
  }

  /** Goes from one to the next until this is reached, if need be once past the end of the page, where the browser itself has the focus. */
  async function tabTo(name: RegExp, key = "Tab"): Promise<void> {
    let ends = 0;
    for (let steps = 0; steps < 120 && ends < 2; steps += 1) {
      await press(key);
      const at = await focus();
      if (at.tag === "body") ends += 1;
      else expect(at, "the focus cannot be seen").toMatchObject({ isVisible: true });
      if (name.test(at.name) && at.tag !== "body") return;
    }
    throw new Error(`${key} leads to nothing called ${name}`);
  }

  test("somebody logs in", async () => {
    await page.goto(stage.consoleUrl);
    // It is offered once it is known who sits there.
    await page.locator("#logout").waitFor();
    await tabTo(/^Log out$/);
    await press("Enter");
    await page.locator("#login-name:focus").waitFor();
    await hasFocus(/^Name/);
    await type("ada");
    await press("Tab");
    await type(passwords.ada);
    await press("Enter");
    await page.locator("#login").waitFor({ state: "hidden" });
    await isOpen("/", 'article[data-device="kiln-1"]');
    await hasFocus();
  });

  test("finds a device by the search of the list, and by the palette", async () => {
    await press("g", "d");
    await isOpen("/devices", '.rows [data-device="press-2"]');
    await hasFocus();
    await press("/");
    await hasFocus(/^Search devices$/);
    await type("press-2");
    await page.locator('.rows [data-device="kiln-1"]').waitFor({ state: "detached" });
    await tabTo(/^press-2$/);
    await press("Enter");
    await isOpen("/devices/press-2", ".trace");
    await hasFocus();
    await press("/");
    await hasFocus(/^Page, view, device or command$/);
    await type("kil");
    await page.getByRole("option", { name: "kiln-1" }).waitFor();
    await press("Enter");
    await isOpen("/devices/kiln-1", '.trace[data-sensor="temperature"][data-anomalies="1"]');
    await hasFocus();
  });

  test("walks along its readings, from anomaly to anomaly, and looks at them as a table", async () => {
    const spoken = (text: RegExp) => page.locator("#spoken").filter({ hasText: text }).waitFor();
    await press("]");
    await hasFocus(/^Temperature: \d+ points/);
    await spoken(/150.*anomaly/);
    await press("ArrowLeft");
    await spoken(/2[0-3]\.\d/);
    await press("]");
    await spoken(/150.*anomaly/);
    await press("]");
    await spoken(/No later anomaly/);
    await press("t");
    await page.locator('.trace[data-sensor="temperature"] .twin table').waitFor();
    await hasFocus(/^Temperature/);
    await tabTo(/^Temperature.*as a table$/);
    await press("t");
    await page.locator(".twin table").first().waitFor({ state: "hidden" });
    await hasFocus(/^Temperature: /);
  });

  test("opens the alarm, acknowledges it and calls it a false one", async () => {
    await tabTo(/^.Alarm \d+: Temperature/);
    await press("Enter");
    await page.locator('[data-alarm-page][data-state="raised"]').waitFor();
    await hasFocus();
    await tabTo(/^Acknowledge$/);
    await press("Enter");
    await page.locator('[data-alarm-page][data-state="acknowledged"]').waitFor();
    await hasFocus();
    await tabTo(/^False alarm$/);
    await press("Enter");
    await page.locator('[aria-pressed="true"]').filter({ hasText: "False alarm" }).waitFor();
    await hasFocus(/^False alarm$/);
  });

  test("replays a rejected message", async () => {
    const timestamp = formatTimestamp((Date.now() + 3000) * 1000);
    await stage.send(JSON.stringify({ device_id: "hall", temperature: 21, timestamp }));
    const answer = "fetch('/api/v1/rejected').then((response) => response.text())";
    await until("its time has come", async () =>
      String(await page.evaluate(answer)).includes('"isReplayable":true'),
    );
    await press("g", "p");
    await isOpen("/ops", '[data-tile="Readings a second"]');
    await hasFocus();
    await tabTo(/^Rejected$/);
    await press("Enter");
    await page.locator("#rejected-list > li").nth(1).waitFor();
    await hasFocus();
    await press("j");
    await hasFocus(/^Select TIMESTAMP_IN_FUTURE/);
    await press("r");
    await page.getByText("Replayed 1.").waitFor();
    await hasFocus();
  });

  test("changes the theme, and can still go elsewhere by the keys", async () => {
    await tabTo(/^(System|Dark|Light|Contrast)$/, "Shift+Tab");
    await press("ArrowRight");
    await hasFocus(/^Dark$/);
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
    await press("?");
    await page.locator("dialog.help").waitFor();
    await hasFocus(/^Close$/);
    await press("Escape");
    await hasFocus(/^Dark$/);
    await press("g", "s");
    await isOpen("/settings", "[data-rule]");
    await hasFocus();
  });

  test("switches off the keys that are pressed alone, in all open pages at once, and on again", async () => {
    const other = await page.context().newPage();
    await other.goto(`${stage.consoleUrl}/alarms`);
    await other.locator("[data-alarm]").first().waitFor();
    const isHelpOpen = (at: Page) => at.locator("dialog.help").isVisible();
    await press("?");
    await tabTo(/^Keys that are pressed alone/);
    await press("Space");
    await page.getByText("Switched off in this browser.").waitFor();
    await press("Escape");
    await other.locator('html[data-letters="off"]').waitFor({ state: "attached" });
    for (const at of [page, other]) {
      await at.keyboard.press("?");
      await at.keyboard.press("g");
      await at.keyboard.press("d");
      expect(await isHelpOpen(at)).toBe(false);
    }
    expect(new URL(page.url()).pathname).toBe("/settings");
    expect(new URL(other.url()).pathname).toBe("/alarms");
    await press("Control+k");
    await hasFocus(/^Page, view, device or command$/);
    await type("kiln-1");
    await page.getByRole("option", { name: "kiln-1" }).waitFor();
    await press("Enter");
    await isOpen("/devices/kiln-1", '.trace[data-sensor="temperature"][data-anomalies="1"]');
    await press("t");
    await tabTo(/^Temperature: \d+ points/);
    await press("[");
    await page
      .locator("#spoken")
      .filter({ hasText: /150.*anomaly/ })
      .waitFor();
    expect(await page.locator(".twin table").first().isVisible()).toBe(false);
    await tabTo(/^Keys$/, "Shift+Tab");
    await press("Enter");
    await hasFocus(/^Close$/);
    await tabTo(/^Keys that are pressed alone/);
    await press("Space");
    await press("Escape");
    await hasFocus(/^Keys$/);
    await other.locator('html[data-letters="on"]').waitFor({ state: "attached" });
    await other.keyboard.press("?");
    await other.locator("dialog.help").waitFor();
    await other.close();
  });

  test("and logs out", async () => {
    await tabTo(/^Log out$/, "Shift+Tab");
    await press("Enter");
    await page.locator("#login-name:focus").waitFor();
    await hasFocus(/^Name/);
  });
});
