import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { dataFolder } from "../data-folder.ts";
import { launchChromium } from "../harness/chromium.ts";
import { until } from "../harness/local-servers.ts";
import { type Caller, comeIn, passwords } from "../harness/operators.ts";
import { startProgram } from "../harness/program.ts";

const legacyKey = "a-key-of-the-legacy-door";

/** A platform that asks who sits there, and one page of its console. */
export interface GuardedStage {
  readonly consoleUrl: string;
  /** The link with which the first admin is made. */
  readonly firstAdminUrl: string;
  readonly page: Page;
  /** Sends one legacy message or many; they are stored when this answers. */
  send(body: string): Promise<void>;
  /** Gives every page of the console something to show; ada has to be admin. There are ben, a viewer, and cleo, an operator. */
  fill(): Promise<void>;
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Opens one that is as fresh as can be; `name` is for its folder. */
export async function openGuardedStage(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<GuardedStage> {
  const dataDir = dataFolder(name);
  const profile = mkdtempSync(join(tmpdir(), "tidemark-chromium-"));
  const program = startProgram([], {
    ...{ DATA_DIR: dataDir, ACCESS: "credentials", LEGACY_HTTP_KEY: legacyKey },
    ...{ NOTIFICATION_ATTEMPTS: "1", WEBHOOK_NETWORKS: "127.0.0.0/8" },
    ...settings,
  });
  const [{ console: consoleUrl = "", firstAdmin }, browser] = await Promise.all([
    program.ready(),
    launchChromium(profile),
  ]);
  const send = async (body: string): Promise<void> => {
    await fetch(`${consoleUrl}/data`, { method: "POST", headers: { "x-api-key": legacyKey }, body });
  };
  return {
    ...{ consoleUrl, firstAdminUrl: `${consoleUrl}/#first-admin=${firstAdmin}`, send },
    page: await browser.newPage(),
    fill: async () => {
      const admin = await comeIn(consoleUrl, "login", { name: "ada", password: passwords.ada });
      for (const [path, wish] of Object.entries(wishes)) await make(admin, path, wish);
      await make(admin, "operators", { name: "cleo", role: "operator", password: passwords.cleo });
      await sendReadings(send);
      await make(admin, "models/temperature/train", {});
      const has = async (path: string, part: string) =>
        JSON.stringify((await admin.ask(path)).body).includes(part);
      await until("somebody could not be told", () => has("notifications?state=dead", '"state":"dead"'));
      await until("there is a candidate", () => has("models", '"candidate":1'));
    },
    kill: () => program.kill("SIGKILL"),
    async close() {
      await browser.close();
      await program.kill("SIGKILL");
      for (const folder of [dataDir, profile]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ten minutes of a kiln that is sound, then too hot; another device; and what nobody can read. */
async function sendReadings(send: GuardedStage["send"]): Promise<void> {
  const fromMs = Date.now() - 600_000;
  const history = Array.from({ length: 590 }, (_, at) => ({
    device_id: "kiln-1",
    temperature: 21 + Math.sin(at / 40) + ((at * 7919) % 13) / 30,
    timestamp: fromMs + at * 1000,
  }));
  await send(JSON.stringify(history));
  await send(JSON.stringify({ device_id: "kiln-1", temperature: 150, humidity: 50 }));
  await send(JSON.stringify({ device_id: "press-2", temperature: 20, vibration: 2 }));
  await send("junk");
}

const hot = { of: "value", kind: "above", limit: 90, hysteresis: 0, overSeconds: 60 };

/** One of everything that Settings lists, and a notification that nobody will take. */
const wishes: Readonly<Record<string, object>> = {
  "notification-routes": { name: "hall", channel: "webhook", url: "http://127.0.0.1:9/" },
  rules: {
    ...{ name: "too hot", sensorType: "temperature", devices: null, condition: hot, schedule: null },
    ...{ forSeconds: 0, severity: "major", clearSeconds: 60, isEnabled: true },
  },
  operators: { name: "ben", role: "viewer", password: passwords.ben },
  tokens: { name: "wall", role: "viewer" },
  devices: { id: "press-1", labels: { site: "hall" } },
  claims: { name: "line-3", maxUses: 2 },
  services: { name: "historian", publish: [], subscribe: ["devices/+/telemetry/#"] },
};

async function make(admin: Caller, path: string, wish: object): Promise<void> {
  const { status, body } = await admin.ask(path, { body: wish });
  if (status >= 300) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
}
