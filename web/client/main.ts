import { Console } from "./console.ts";
import { RejectedPanel } from "./rejected-panel.ts";

new Console().start();
new RejectedPanel().start();
