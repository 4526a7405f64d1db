import type { SettingsAnswer } from "../../../schema/ops.ts";
import { api, ask } from "../api/asking.ts";
import { table } from "../parts/controls.ts";
import { openBench } from "./bench.ts";
import { meaningOf } from "./setting-words.ts";

/** What the platform keeps and for how long, and what else it was started with that operators wonder about. */
export const openPlatform = openBench<SettingsAnswer>({
  title: "Retention and more",
  needs: "viewer",
  about: "As the platform was started; changed by its environment, and a restart.",
  load: () => ask(() => api.GET("/api/v1/settings")),
  show: ({ settings }) => [
    table(
      "Settings",
      [{ name: "Setting" }, { name: "Value", isNumber: true }, { name: "Meaning" }],
      settings.map(({ name, value }) => [name, String(value), meaningOf(name)]),
    ),
  ],
});
