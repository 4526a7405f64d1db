import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { violations } from "../harness/axe.ts";
import { until } from "../harness/local-servers.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

describe("the pages that one works at", () => {
  let stage: ConsoleStage;
  let api: Api;
  let page: Page;

  beforeAll(async () => {
    stage = await openStage("desk");
    api = apiAt(stage.consoleUrl);
  });

  beforeEach(async () => {
    await page?.close();
    page = await stage.browser.newPage();
    page.on("dialog", (dialog) => void dialog.accept());
    page.on("pageerror", (error) => stage.complaints.push(String(error)));
  });

  afterEach(() => expect(stage.complaints).toEqual([]));

  afterAll(() => stage?.close());

  const publish = (deviceId: string, temperature: number) =>
    stage.mqtt.publishAsync(`devices/${deviceId}/telemetry`, JSON.stringify({ temperature }), { qos: 1 });
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const labelled = (name: string) => page.locator("#page").getByLabel(name, { exact: true });
  const section = (name: string) => page.getByRole("region", { name, exact: true });
  const says = (text: string | RegExp) =>
    page.getByRole("status").filter({ hasText: text }).first().waitFor();

  test("an operator follows an alarm from the inbox to a quieter line, and all of it is on record", async () => {
    await page.goto(stage.consoleUrl);
    await page.locator('[data-connection="live"]').waitFor();
    // Too much for a line that can be moved, and not so much as no temperature can be.
    await publish("oven-1", 33);
    await page.getByRole("link", { name: /^Details of oven-1/ }).click();

    await page.locator('[data-alarm-page][data-state="raised"]').waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/alarms\/\d+$/);
    const why = await section("Why").textContent();
    expect(why).toMatch(/33.*Expected/s);
    expect(why).toMatch(/Confidence\d+ of 100.*Modeltemperature@factory-\d+/s);
    const chart = page.locator(".evidence figure").first();
    await chart.waitFor();
    const wholeMs = await spanOf(chart);

    await button("Zoom in").click();
    await until("the chart shows half of it", async () => (await spanOf(chart)) < wholeMs * 0.6);
    expect(page.url()).toMatch(/[?&]from=/);
    const canvas = await chart.locator("canvas").boundingBox();
    if (canvas === null) throw new Error("the chart is not there");
    const zoomedMs = await spanOf(chart);
    await page.mouse.move(canvas.x + canvas.width * 0.5, canvas.y + 60);
    await page.mouse.down();
    await page.mouse.move(canvas.x + canvas.width * 0.995, canvas.y + 60);
    await page.mouse.up();
    await until("the chart shows what was dragged over", async () => (await spanOf(chart)) < zoomedMs * 0.6);
    await page.goBack();
    await until("back shows what was shown before", async () => (await spanOf(chart)) === zoomedMs);

    const [picture] = await Promise.all([page.waitForEvent("download"), button("PNG").click()]);
    expect(picture.suggestedFilename()).toMatch(/^oven-1-alarm-\d+_\d{8}T\d{6}Z_\d{8}T\d{6}Z\.png$/);

    await page.keyboard.press("a");
    await page.locator('[data-alarm-page][data-state="acknowledged"]').waitFor();
    await labelled("Note, if any").fill("the door was open");
    await button("False alarm").click();
    await page.getByText(/would have removed 1 of 1 alarm in 7 days/).waitFor();
    await button("Apply").click();
    await page.getByText("This sensor is quieter now").waitFor();
    await section("What happened").getByText("Called a false alarm by anyone: the door was open").waitFor();

    await page.goto(`${stage.consoleUrl}/settings?part=changes`);
    const changes = page.locator("#change-list li");
    await changes.first().waitFor();
    const recorded = (await changes.allTextContents()).slice(0, 3);
    expect(recorded[0]).toMatch(/^tuning\.apply oven-1\/temperature/);
    expect(recorded[1]).toMatch(/^alarm\.feedback oven-1/);
    expect(recorded[2]).toMatch(/^alarm\.acknowledge oven-1/);
  });

  async function spanOf(chart: ReturnType<Page["locator"]>): Promise<number> {
    const [from, to] = [await chart.getAttribute("data-from"), await chart.getAttribute("data-to")];
    return Number(to) - Number(from);
  }

  test("an alarm is assigned, shelved, commented and cleared, and leads to those like it", async () => {
    await publish("oven-2", 150);
    await page.goto(`${stage.consoleUrl}/alarms?device=oven-2`);
    await page.getByRole("link", { name: /^oven-2/ }).click();
    await page.locator("[data-alarm-page]").waitFor();
    await labelled("Assign to").fill("ben");
    await button("Assign").click();
    await says("Assigned to ben.");
    await labelled("Shelve for").selectOption("14400");
    await button("Shelve").click();
    await says("It says nothing until then.");
    await page.getByText(/assigned to ben · shelved for another 3 h/).waitFor();
    await labelled("Comment").fill("a burner was replaced");
    await button("Add").click();
    await section("What happened").getByText("Comment by anyone: a burner was replaced").waitFor();
    await button("Clear").click();
    await page.locator('[data-alarm-page][data-state="cleared"]').waitFor();

    await publish("oven-2", 160);
    await section("Alarms like it").getByRole("link").waitFor();
    const atUs = (await alarmsOf("oven-2"))[0]?.lastUs;
    await page.goto(`${stage.consoleUrl}/alarms?device=oven-2&sensor=temperature&rule=anomaly&at=${atUs}`);
    await page.locator('[data-alarm-page][data-state="raised"]').waitFor();
    await section("Alarms like it").getByRole("link").waitFor();
  });

  async function alarmsOf(deviceId: string): Promise<readonly { readonly lastUs: number }[]> {
    const { body } = await api.get(`alarms?device=${deviceId}`);
    // As the route answers by its schema.
    return (body as { alarms: { lastUs: number }[] }).alarms;
  }

  test("ops shows how readings flow, and that nothing is missing", async () => {
    await page.goto(`${stage.consoleUrl}/ops`);
    await publish("oven-3", 21);
    await page.locator('[data-tile="Readings a second"]').waitFor();
    await until("a rate is shown", async () =>
      /second[\d.,]+taken/.test((await page.locator('[data-tile="Readings a second"]').textContent()) ?? ""),
    );
    expect(await section("Queue by shard").textContent()).toContain("a processor");
    expect(await section("Brokers").textContent()).toContain("alive");
    await page.getByRole("link", { name: "Ledger", exact: true }).click();
    await page.locator('[data-ledger="balanced"]').waitFor();
    await section("By device").getByRole("rowheader", { name: "oven-3" }).waitFor();
  });

  test("a rule is added, changed and switched off; a notification route is added, tried and changed", async () => {
    await page.goto(`${stage.consoleUrl}/settings`);
    await page.getByText("Add a rule").click();
    await labelled("Name").fill("too hot");
    await labelled("Sensor type").fill("temperature");
    await labelled("Limit").fill("80");
    await button("Add").click();
    await says("“too hot” is on.");
    await button("Edit too hot").click();
    const editor = page.locator(".row-editor");
    await editor.getByLabel("Limit").fill("90");
    await editor.getByLabel("Only in certain hours").check();
    for (const day of ["Tue", "Wed", "Thu"]) await editor.getByLabel(day).uncheck();
    await editor.getByLabel("Time zone").fill("Europe/Berlin");
    // Somebody else is faster.
    // As the route answers by its schema.
    const { rules } = (await api.get("rules")).body as { rules: Record<string, unknown>[] };
    const { changedBy: _by, changedUs: _at, id, ...wish } = rules[0] ?? {};
    await api.put(`rules/${id}`, { ...wish, severity: "minor" });
    await button("Save").click();
    await says("Not done. Rule “too hot” has changed");
    await says("It was changed meanwhile, and is now: too hot, Temperature above 80 °C: minor.");
    await button("Save").click();
    await page
      .getByText(/^Temperature above 90 °C, mon, fri from 08:00 to 17:00 \(Europe\/Berlin\): major/)
      .waitFor();
    await editor.getByLabel("Limit").waitFor({ state: "detached" });
    await button("Switch off too hot").click();
    await says("“too hot” is off.");

    await page.getByRole("link", { name: "Notifications", exact: true }).click();
    await page.getByText("Add a route").click();
    await labelled("Name").fill("hall");
    await labelled("Channel").selectOption("mqtt");
    await button("Add").click();
    await says("hall is told from now on.");
    await button("Send a test to hall").click();
    await says(/The test to hall was taken after/);
    await button("Edit hall").click();
    await editor.getByLabel("Topic").fill("notifications/hall/{device}");
    await editor.getByLabel("At least").selectOption("major");
    await editor.getByLabel("worsened").uncheck();
    await editor.getByLabel("Labels").fill("hall=2");
    await editor.getByLabel("Only in certain hours").check();
    expect(await violations(page)).toEqual([]);
    await editor.getByLabel("Only in certain hours").uncheck();
    await button("Save").click();
    await says("hall is changed.");
    await page
      .getByText(/^mqtt notifications\/hall\/\{device\}; major and above; when raised, cleared/)
      .waitFor();
    expect((await api.get("notification-routes")).body).toMatchObject({
      routes: [{ version: 2, isEnabled: true, labels: { hall: "2" }, digest: { after: 5 } }],
    });
  });

  test("models are trained, pinned and left alone by keyboard", async () => {
    await page.goto(`${stage.consoleUrl}/models?type=temperature`);
    await page.locator('[data-model-type="temperature"]').waitFor();
    await button("Pin").focus();
    await page.keyboard.press("Enter");
    await page.getByText("Pinned: no schedule trains it.").waitFor();
    await page.getByRole("link", { name: /^Humidity/ }).click();
    await page.locator('[data-model-type="humidity"]').waitFor();
    await button("Train").click();
    await says(/A training is ordered/);
  });
});
