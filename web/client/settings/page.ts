import { partedPage } from "../parts/parted-page.ts";
import { openBrowser } from "./browser.ts";
import { openClaims, openDevices, openServices } from "./devices.ts";
import { openEmbeds } from "./embeds.ts";
import { openChanges, openOperators, openPassword, openTokens } from "./people.ts";
import { openPlatform } from "./platform.ts";
import { openRoutes } from "./routes.ts";
import { openRules } from "./rules.ts";

export const open = partedPage("Settings", "/settings", [
  { id: "rules", name: "Rules", open: openRules },
  { id: "notifications", name: "Notifications", open: openRoutes },
  { id: "devices", name: "Devices", open: openDevices },
  { id: "claims", name: "Claim tokens", open: openClaims },
  { id: "services", name: "Service accounts", open: openServices },
  { id: "operators", name: "Operators", open: openOperators },
  { id: "tokens", name: "API tokens", open: openTokens },
  { id: "embeds", name: "Embedded charts", open: openEmbeds },
  { id: "password", name: "Your password", open: openPassword },
  { id: "browser", name: "This browser", open: openBrowser },
  { id: "retention", name: "Retention", open: openPlatform },
  { id: "changes", name: "Changes", open: openChanges },
]);
