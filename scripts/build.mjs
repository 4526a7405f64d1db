import { build } from "./compile.mjs";
import { alone, main } from "./steps.mjs";

await main(() => alone(build));
