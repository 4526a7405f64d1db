import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import type { BrowserContext, Page } from "playwright-core";
import { dataFolder } from "../data-folder.ts";
import { launchChromium } from "../harness/chromium.ts";
import { until } from "../harness/local-servers.ts";
import { type Program, portOf, startProgram } from "../harness/program.ts";

/** A platform without servers, a device's connection to it, and a browser to look at its console with. */
export interface ConsoleStage {
  readonly consoleUrl: string;
  readonly mqttUrl: string;
  readonly mqtt: MqttClient;
  readonly browser: BrowserContext;
  /** What went wrong in the pages, as they said it themselves. */
  readonly complaints: string[];
  /** A page whose errors become complaints. */
  newPage(): Promise<Page>;
  kill(): Promise<void>;
  /** From now on the platform does nothing, and closes nothing; until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Starts the platform where it was killed, and waits until the device is connected again. */
  startAgain(): Promise<void>;
  close(): Promise<void>;
}

/** Opens one; `name` is for its folder. */
export async function openStage(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<ConsoleStage> {
  const dataDir = dataFolder(name);
  const profile = mkdtempSync(join(tmpdir(), "tidemark-chromium-"));
  const start = (ports: Readonly<Record<string, string>> = {}): Program =>
    startProgram([], { DATA_DIR: dataDir, ...settings, ...ports });
  let program = start();
  const clear = async (): Promise<void> => {
    await program.kill("SIGKILL");
    for (const folder of [dataDir, profile]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { console: consoleUrl = "", mqtt: mqttUrl = "" } = await program.ready();
    const mqtt = await connectAsync(mqttUrl);
    const browser = await launchChromium(profile);
    const complaints: string[] = [];
    return {
      ...{ consoleUrl, mqttUrl, mqtt, browser, complaints },
      async newPage() {
        const page = await browser.newPage();
        page.on("pageerror", (error) => complaints.push(String(error)));
        page.on("console", (message) => {
          if (message.type() === "error") complaints.push(message.text());
        });
        return page;
      },
      kill: () => program.kill("SIGKILL"),
      freeze: () => void program.child.kill("SIGSTOP"),
      thaw: () => void program.child.kill("SIGCONT"),
      async startAgain() {
        program = start({ MQTT_PORT: `${portOf(mqttUrl)}`, HTTP_PORT: `${portOf(consoleUrl)}` });
        await program.ready();
        await until("the device is connected again", () => mqtt.connected);
      },
      async close() {
        await browser.close();
        await mqtt.endAsync(true);
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}
