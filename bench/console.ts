import { loadavg } from "node:os";
import { chartFigures, heapFigures } from "./console-charts.ts";
import { listFigures } from "./console-list.ts";
import { rounded, withStand } from "./console-stand.ts";
import { printTable } from "./table.ts";

/**
 * What the console costs a browser, each beside a baseline of the same run: the list of devices with one and with many, six full charts
 * beside an empty page, and what the page holds after an hour of updates, at the pace it takes them. `console list`, `console charts` and
 * `console heap` measure one of these; `console 60` lets a real hour pass instead.
 */
export async function consoleBench(args: readonly string[]): Promise<void> {
  const [what = "all"] = args;
  const minutes = /^\d+$/.test(what) ? Number(what) : undefined;
  const isAsked = (part: string): boolean => what === "all" || what === part;
  const load = rounded(loadavg()[0] ?? Number.NaN);
  process.stdout.write(`load of the machine before: ${load}\n`);
  await withStand(async (stand) => {
    const figures: Record<string, unknown> = {};
    if (isAsked("list")) {
      const rows = await listFigures(stand);
      printTable("reload until the list of devices is seen, ms", rows);
      figures["list"] = rows;
    }
    if (isAsked("charts")) {
      const rows = await chartFigures(stand);
      printTable("between two frames, ms", rows);
      figures["charts"] = rows;
    }
    if (isAsked("heap") || minutes !== undefined) {
      const { rows, growthPercent } = await heapFigures(stand, minutes);
      printTable(`six charts of ten thousand points, growth ${growthPercent} %`, rows);
      figures["heap"] = { minutes, rows, growthPercent };
    }
    process.stdout.write(`${JSON.stringify({ bench: "console", load, ...figures })}\n`);
  });
}
