import type { OpenPage } from "../shell/page.ts";
import { Overview } from "./overview.ts";

export const open: OpenPage = (_place, shell) => new Overview(shell);
