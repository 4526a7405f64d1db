import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { FrameLocator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { violations } from "../harness/axe.ts";
import { until } from "../harness/local-servers.ts";
import { type ConsoleStage, openStage } from "./console-stage.ts";

/** A page of somebody else: another port is another origin. */
interface Elsewhere {
  readonly origin: string;
  readonly server: Server;
  /** What it has in its body. */
  html: string;
}

async function openElsewhere(): Promise<Elsewhere> {
  const page = { html: "" };
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Board</title><body>${page.html}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  return Object.assign(page, { server, origin: `http://127.0.0.1:${port}` });
}

describe("charts on a page elsewhere, and views of the list", () => {
  let stage: ConsoleStage;
  let page: Page;
  let board: Elsewhere;
  let stranger: Elsewhere;

  beforeAll(async () => {
    [board, stranger] = [await openElsewhere(), await openElsewhere()];
    stage = await openStage("embedding", { EMBED_ORIGINS: board.origin });
    for (const temperature of [21, 22, 21.5]) await publish("press-1", temperature);
    await publish("oven-1", 180);
  });

  beforeEach(async () => {
    page = await stage.newPage();
  });

  afterEach(async () => {
    await page.close();
  });

  afterAll(async () => {
    await stage?.close();
    board.server.close();
    stranger.server.close();
  });

  async function publish(deviceId: string, temperature: number): Promise<void> {
    const topic = `devices/${deviceId}/telemetry`;
    await stage.mqtt.publishAsync(topic, JSON.stringify({ temperature }), { qos: 1 });
  }

  async function open(path: string): Promise<void> {
    await page.goto(stage.consoleUrl + path);
    await page.locator('[data-connection="live"]').waitFor();
  }

  /** The line for a page that the console gives for a device. */
  async function lineOf(device: string): Promise<string> {
    await open(`/devices/${device}`);
    await page.getByRole("link", { name: "Embed…" }).click();
    await page.getByLabel("What for").fill("board in hall 2");
    await page.getByRole("button", { name: "Make" }).click();
    const line = page.locator(".secret-once code");
    await until("the line is shown", async () => (await line.textContent())?.startsWith("<iframe") === true);
    return (await line.textContent()) ?? "";
  }

  const dots = (frame: FrameLocator | Page, count: number) =>
    frame.locator(`.trace[data-sensor="temperature"][data-dots="${count}"]`);

  test("the line that the console gives shows the device live on a page that is named, and nowhere else", async () => {
    const line = await lineOf("press-1");
    board.html = line;
    stranger.html = line;
    const other = await stage.newPage();
    await other.goto(board.origin);
    const frame = other.frameLocator("iframe");
    await dots(frame, 3).waitFor();
    await frame.locator('[data-connection="live"]').waitFor();
    await publish("press-1", 22.5);
    await dots(frame, 4).waitFor();
    expect(await frame.locator("h1").textContent()).toBe("press-1");
    expect(await frame.locator("a, button, input, nav").count()).toBe(0);
    const inner = other.frames().at(-1);
    expect(inner?.url()).toBe(`${stage.consoleUrl}/embed/device/press-1?from=now-6h`);
    // What was heard is stored as well, and the tab still has the token.
    await other.reload();
    await dots(frame, 4).waitFor();
    const number = frame.locator(".sensor-reading");
    await number.getByText("22.50").waitFor();
    await number.getByText(/just now|ago/).waitFor();

    await other.goto(stranger.origin);
    await until("the frame is refused", () =>
      stage.complaints.some((text) => text.includes("frame-ancestors")),
    );
    expect(await other.frameLocator("iframe").locator(".trace").count()).toBe(0);
    stage.complaints.length = 0;

    await other.goto(board.origin);
    await dots(frame, 4).waitFor();
    const astray = await stage.newPage();
    await astray.goto((/src="([^"]*)"/.exec(line)?.[1] ?? "").replace("/press-1?", "/oven-1?"));
    await astray
      .getByText("This token is for what press-1 measured, and for nothing else", { exact: false })
      .waitFor();
    await astray.close();
    // The browser writes down that it was refused.
    stage.complaints.length = 0;
    page.on("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Revoke board in hall 2" }).click();
    await page.getByText("board in hall 2 is revoked.").waitFor();
    await other.reload();
    await frame.getByText("This chart is no longer given away.", { exact: false }).waitFor();
    await other.close();
  });

  test("is without a fault for assistive technology in any theme, and fits a phone", async () => {
    const src = /src="([^"]*)"/.exec(await lineOf("oven-1"))?.[1] ?? "";
    const chart = await stage.newPage();
    await chart.setViewportSize({ width: 360, height: 640 });
    for (const theme of ["dark", "light", "contrast"]) {
      await chart.goto(src.replace("?", `?theme=${theme}&`));
      await dots(chart, 1).waitFor();
      await chart.getByText("As a table").click();
      expect(await violations(chart)).toEqual([]);
      expect(await chart.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    }
    await chart.close();
  });

  test("a filter is kept by name, shown by its name from the list and the palette, renamed and removed", async () => {
    await open("/devices?q=oven");
    await page.locator('.rows [data-device="oven-1"]').waitFor();
    await page.getByText("Views", { exact: true }).click();
    const views = page.locator(".saved-views");
    await views.getByLabel("Name").fill("Ovens");
    await views.getByRole("button", { name: "Keep this filter" }).click();
    await views.locator('[data-view="Ovens"]').waitFor();

    await page.goto(`${stage.consoleUrl}/devices`);
    await page.locator('.rows [data-device="press-1"]').waitFor();
    await page.getByText("Views", { exact: true }).click();
    await views.getByRole("link", { name: "Ovens" }).click();
    await page.locator('.rows [data-device="press-1"]').waitFor({ state: "detached" });
    expect(new URL(page.url()).searchParams.get("q")).toBe("oven");

    await page.getByText("Views", { exact: true }).click();
    page.on("dialog", (dialog) => void dialog.accept(dialog.type() === "prompt" ? "Hot ones" : undefined));
    await views.getByRole("button", { name: "Rename Ovens" }).click();
    await views.locator('[data-view="Hot ones"]').waitFor();
    expect(await violations(page)).toEqual([]);

    await open("/");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("hot");
    await page.getByRole("option", { name: "Devices: Hot ones" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator('.rows [data-device="oven-1"]').waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/devices?q=oven");

    await page.getByText("Views", { exact: true }).click();
    await views.getByRole("button", { name: "Remove Hot ones" }).click();
    await views.getByText("None is kept yet.").waitFor();
  });
});
