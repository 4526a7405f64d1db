import type { SensorChart } from "../charts/chart.ts";
import type { Errands } from "../shell/errands.ts";

/**
 * Loads what draws charts, which is most of what the console weighs, once the page is to be seen. Gives what tells whether it is there;
 * `onLoaded` hears when it is.
 */
export function loadCharts(errands: Errands, onLoaded: () => void): () => typeof SensorChart | undefined {
  let charts: typeof SensorChart | undefined;
  const load = async (): Promise<void> => {
    charts = (await import("../charts/chart.ts")).SensorChart;
    onLoaded();
  };
  requestAnimationFrame(() => errands.soon("charts", load, 0));
  return () => charts;
}
