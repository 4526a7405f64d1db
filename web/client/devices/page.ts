import type { OpenPage } from "../shell/page.ts";
import { DevicesPage } from "./devices-page.ts";

export const open: OpenPage = (place, shell) => new DevicesPage(place, shell);
