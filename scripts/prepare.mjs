import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./compile.mjs";
import { isBuilt, isInstalled } from "./freshness.mjs";
import { installServers, missingServers } from "./servers.mjs";
import { alone, main, root, run, StepFailure, say } from "./steps.mjs";

// Runs before every npm script, on a fresh clone with nothing but Node and npm: installs and builds what is missing or out of date.
// --install-only leaves out the build, --with-servers adds the servers and the browser that the tests start.

const options = process.argv.slice(2);

await main(async () => {
  requireNode(20, 19);
  if (isReady()) return;
  await alone(async () => {
    if (!isInstalled()) await installPackages();
    if (options.includes("--with-servers") && missingServers().length > 0) await installServers();
    if (!options.includes("--install-only") && !isBuilt()) {
      say("building ...");
      await build();
    }
  });
});

function isReady() {
  const built = options.includes("--install-only") || isBuilt();
  const served = !options.includes("--with-servers") || missingServers().length === 0;
  return built && served && isInstalled();
}

function requireNode(major, minor) {
  const [ours = 0, minorOfOurs = 0] = process.versions.node.split(".").map(Number);
  if (ours > major || (ours === major && minorOfOurs >= minor)) return;
  throw new StepFailure(
    `Tidemark needs Node.js ${major}.${minor} or newer; this is ${process.version}. See https://nodejs.org/en/download`,
  );
}

async function installPackages() {
  say("installing packages (about a minute, once) ...");
  // A workplace with NODE_ENV=production would otherwise get no compiler. An error level keeps npm's remarks about foreign settings away.
  const args = ["ci", "--include=dev", "--loglevel=error", "--no-audit", "--no-fund", "--no-update-notifier"];
  const npm = process.env.npm_execpath;
  if (npm !== undefined && existsSync(npm) && /npm-cli\.js$/.test(npm))
    await run(process.execPath, [npm, ...args]);
  else await run(process.platform === "win32" ? "npm.cmd" : "npm", args);
  if (!existsSync(join(root, "node_modules")))
    throw new StepFailure("npm ci left no node_modules; see its output above");
}
