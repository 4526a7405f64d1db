import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { formatTimestamp } from "../../schema/timestamp.ts";
import { until } from "../harness/local-servers.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

describe("the page of rejected messages", () => {
  let stage: ConsoleStage;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("letters", { MAX_FUTURE_SECONDS: "1" });
  });

  beforeEach(async () => {
    page = await stage.newPage();
  });

  afterEach(async () => {
    await page.close();
    for (const { code } of await codes()) {
      await fetch(`${stage.consoleUrl}/api/v1/rejected/discard`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ code }),
      });
    }
  });

  afterAll(() => stage?.close());

  async function codes(): Promise<{ code: string; count: number }[]> {
    const answer = await fetch(`${stage.consoleUrl}/api/v1/rejected?limit=1`);
    // The platform answers by its schema.
    return ((await answer.json()) as { codes: { code: string; count: number }[] }).codes;
  }

  const send = (deviceId: string, payload: string) =>
    stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, payload, { qos: 1 });

  async function open(): Promise<void> {
    await page.goto(stage.consoleUrl);
    await page.locator("#rejected-open").click();
    await rows().first().waitFor();
  }

  const rows = () => page.locator("#rejected-list > li");
  const result = () => page.locator("#rejected-result");
  const focused = () => page.evaluate("document.activeElement.id || document.activeElement.tagName");

  async function expectResult(text: string): Promise<void> {
    await until(`it says ${text}`, async () => (await result().textContent()) === text);
  }

  test("is not offered while nothing is rejected, and counts what is", async () => {
    await page.goto(stage.consoleUrl);
    await page.locator('[data-connection="live"]').waitFor();
    expect(await page.locator("#rejected-open").isVisible()).toBe(false);
    await send("press-01", "junk");
    await page.reload();
    await page.locator("#rejected-open").waitFor();
    expect(await page.locator("#rejected-count").textContent()).toBe("1");
  });

  test("shows payloads as the text they are, and how much of them is missing", async () => {
    const hostile = `<img src=x onerror="document.title='taken'">`;
    await send("press-01", hostile);
    await send("press-02", "x".repeat(5000));
    await open();
    expect(await rows().nth(1).locator("pre").textContent()).toBe(hostile);
    expect(await page.locator("#rejected img").count()).toBe(0);
    expect(await rows().first().textContent()).toContain("Cut: the first 4,096 of 5,000 bytes.");
    expect(await rows().first().getByRole("button", { name: "Replay" }).isDisabled()).toBe(true);
  });

  test("replays a message whose time has come and says so", async () => {
    const timestamp = formatTimestamp((Date.now() + 5000) * 1000);
    await send("hall", JSON.stringify({ temperature: 21.5, timestamp }));
    await until("its time has come", async () => {
      const answer = await (await fetch(`${stage.consoleUrl}/api/v1/rejected`)).text();
      return answer.includes('"isReplayable":true');
    });
    await open();
    await rows().first().getByRole("button", { name: "Replay" }).click();
    await expectResult("Replayed 1.");
    await page.locator("#rejected-nothing").waitFor();
    await page.locator("#rejected-open").waitFor({ state: "hidden" });
    await page.getByRole("link", { name: "Overview" }).click();
    await page.locator('article[data-device="hall"]').waitFor();
  });

  test("discards all of a code after asking, and nothing when the answer is no", async () => {
    for (let place = 0; place < 60; place += 1) await send("press-01", `junk ${place}`);
    await send("press-02", "");
    await open();
    expect(await rows().count()).toBe(50);
    await page.locator("#rejected-more").click();
    await until("older ones are shown", async () => (await rows().count()) === 61);
    await page.locator("#rejected-code").selectOption("PAYLOAD_NOT_JSON");
    await page.getByRole("button", { name: "Discard all 60" }).click();
    expect(await page.locator("#rejected-question").textContent()).toBe("Discard 60?");
    await page.locator("#rejected-no").click();
    expect(await codes()).toContainEqual({ code: "PAYLOAD_NOT_JSON", count: 60 });

    await page.getByRole("button", { name: "Discard all 60" }).click();
    await send("press-01", "not seen yet");
    await page.locator("#rejected-yes").click();
    await expectResult("Discarded 60.");
    expect(await codes()).toEqual([
      { code: "PAYLOAD_EMPTY", count: 1 },
      { code: "PAYLOAD_NOT_JSON", count: 1 },
    ]);
  });

  test("is worked by keyboard alone", async () => {
    for (const payload of ["one", "two", "three"]) await send("press-01", payload);
    await page.goto(stage.consoleUrl);
    // It is not there to be focused before the page knows of something rejected.
    await page.locator("#rejected-open").waitFor();
    await page.locator("#rejected-open").focus();
    await page.keyboard.press("Enter");
    await rows().first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("j");
    // Once asks, and whoever goes on has not meant it.
    await page.keyboard.press("Delete");
    await expectResult("Discard this message for good? Delete again does, any other key does not.");
    await page.keyboard.press("r");
    await until(
      "it says why",
      async () => (await result().textContent())?.startsWith("Not replayed:") === true,
    );
    await page.keyboard.press("Delete");
    expect(await rows().count()).toBe(3);
    await page.keyboard.press("Delete");
    await expectResult("Discarded 1.");
    expect(await rows().locator("pre").allTextContents()).toEqual(["three", "one"]);
    // The next row has the focus now: it is selected, and then the one above it too.
    await page.keyboard.press("Space");
    await page.keyboard.press("k");
    await page.keyboard.press("Space");
    const discard = page.getByRole("button", { name: "Discard 2" });
    await discard.focus();
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("rejected-no");
    await page.keyboard.press("Escape");
    expect(await focused()).toBe("rejected-discard");
    expect(await codes()).toEqual([{ code: "PAYLOAD_NOT_JSON", count: 2 }]);
  });

  test("fits a phone without scrolling sideways, and complains of nothing", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await send("a-device-with-a-name-that-is-rather-long-for-a-phone", "x".repeat(300));
    await open();
    const widest =
      "Math.max(...[...document.querySelectorAll('#rejected, #rejected *')].map((e) => e.scrollWidth))";
    expect(await page.evaluate(widest)).toBeLessThanOrEqual(360);
    expect(stage.complaints).toEqual([]);
  });
});
