import axe from "axe-core";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

const alsoAsked = { "target-size": { enabled: true } };

/**
 * What axe finds wrong with a page for people who use assistive technology, a line each; empty when all is well. Targets smaller than
 * 24 px, which axe asks for only when it is told to, count as well.
 */
export async function violations(page: Page): Promise<readonly string[]> {
  return run(page, { rules: alsoAsked });
}

/** The same of the rules that colours decide: enough for a page that was asked for everything in another theme. */
export async function colourViolations(page: Page): Promise<readonly string[]> {
  return run(page, { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } });
}

async function run(page: Page, options: object): Promise<readonly string[]> {
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(axe.source);
  const asked = JSON.stringify({ ...options, resultTypes: ["violations"] });
  // As axe answers when it is asked for violations.
  const found = (await page.evaluate(
    `axe.run(document, ${asked}).then(({ violations }) => violations)`,
  )) as readonly Violation[];
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary ?? ""}`),
  );
}
