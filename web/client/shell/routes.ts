import type { Route } from "./router.ts";

/** Every page of the console, in the order of the navigation. The server answers these paths with the console, `web/console-paths.ts`. */
export const routes: readonly Route[] = [
  { pattern: "/", label: "Overview", key: "o", load: () => import("../overview/page.ts") },
  { pattern: "/devices", label: "Devices", key: "d", load: () => import("../devices/page.ts") },
  { pattern: "/devices/:id", load: () => import("../device/page.ts") },
  { pattern: "/alarms", label: "Alarms", key: "a", load: () => import("../alarm/list-page.ts") },
  { pattern: "/alarms/:id", load: () => import("../alarm/page.ts") },
  { pattern: "/models", label: "Models", key: "m", load: () => import("../models/page.ts") },
  { pattern: "/ops", label: "Ops", key: "p", load: () => import("../ops/page.ts") },
  { pattern: "/settings", label: "Settings", key: "s", load: () => import("../settings/page.ts") },
];
