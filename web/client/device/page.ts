import type { OpenPage } from "../shell/page.ts";
import { DevicePage } from "./device-page.ts";

export const open: OpenPage = (place, shell) => new DevicePage(place, shell);
