import type { Page } from "playwright-core";

/** What the table beside a chart of the device's page says was measured, oldest first; it has the newest 300. */
export async function measuredOn(page: Page, sensor: string): Promise<readonly string[]> {
  const cells = await page
    .locator(`.trace[data-sensor="${sensor}"] .twin tbody td:nth-child(2)`)
    .allTextContents();
  return cells.toReversed();
}
