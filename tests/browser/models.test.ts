import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, apiAt } from "../harness/api.ts";
import { until } from "../harness/local-servers.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

const office = "office";
let stage: ConsoleStage;
let api: Api;
let page: Page;

beforeAll(async () => {
  stage = await openStage("models", { MODEL_MIN_READINGS: "300" });
  api = apiAt(stage.consoleUrl);
  const startMs = Date.now() - 600_000;
  const history = Array.from({ length: 600 }, (_, at) => ({
    co2: 420 + 10 * Math.sin(at / 40) + ((at * 7919) % 13) / 3,
    timestamp: startMs + at * 1000,
  }));
  await say(history);
  page = await stage.newPage();
});

afterAll(() => stage?.close());

const say = (readings: object) =>
  stage.mqtt.publishAsync(`devices/${office}/telemetry`, JSON.stringify(readings), { qos: 1 });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const judgedBy = (name: string) => page.locator(`[data-judging="${name}"]`).waitFor();
const says = (text: string) => page.getByRole("status").filter({ hasText: text }).waitFor();

/** Waits until a reading that comes in now is judged by this model, as its row says. */
async function untilJudging(model: string): Promise<void> {
  await until(`${model} judges`, async () => {
    const from = new Date().toISOString();
    await say({ co2: 420 });
    return (await api.get(`export.csv?device=${office}&from=${from}`)).text.includes(model);
  });
}

test("a version is trained, compared, promoted and rolled back in the console, and each judges in its time", async () => {
  await until("the sensor type has a model of its own", async () =>
    (await api.get("models/co2")).text.includes('"judging":"co2@1"'),
  );
  await page.goto(`${stage.consoleUrl}/models?type=co2`);
  await judgedBy("co2@1");

  await button("Train").click();
  await says("A training is ordered");
  await until("it is trained", async () => (await api.get("models/co2")).text.includes('"candidate":2'));
  // Looks at it again; the page does so every ten seconds by itself.
  await page.locator('nav a[href="/models?type=co2"]').click();
  await page.getByRole("region", { name: "Candidate co2@2" }).waitFor();
  await page.getByText(/On [\d,]+ stored readings.*the active model flags .*this one/).waitFor();
  await button("Promote co2@2").click();
  await says("Version 2 judges from now on.");
  await judgedBy("co2@2");
  await untilJudging("co2@2");

  await button("Roll back").click();
  await says("The version before judges again.");
  await judgedBy("co2@1");
  await untilJudging("co2@1");
  await button("Promote co2@2 from the list").waitFor();
  const record = await page.getByRole("region", { name: "Who did what" }).textContent();
  expect(record).toMatch(/rollback.*promote.*train/s);
  expect(stage.complaints).toEqual([]);
});
