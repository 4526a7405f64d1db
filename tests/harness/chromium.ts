import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Starts the Chromium of this machine with a profile of its own, and without the calls home that a closed network answers late. */
export function launchChromium(profile: string): Promise<BrowserContext> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const executablePath = names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(existsSync);
  if (executablePath === undefined) throw new Error(`none of ${names.join(", ")} is on the PATH`);
  return chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1280, height: 800 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
