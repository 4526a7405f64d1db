import { partedPage } from "../parts/parted-page.ts";
import { openRejected } from "../rejected/rejected-panel.ts";
import { openFlow } from "./flow.ts";
import { openLedger } from "./ledger.ts";
import { openNotifications } from "./notifications.ts";

export const open = partedPage("Ops", "/ops", [
  { id: "flow", name: "Flow", open: openFlow },
  { id: "ledger", name: "Ledger", open: openLedger },
  { id: "rejected", name: "Rejected", open: openRejected },
  { id: "notifications", name: "Notifications", open: openNotifications },
]);
