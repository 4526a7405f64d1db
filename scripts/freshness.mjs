import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";

export const sourceFolders = [
  "schema",
  "platform",
  "broker",
  "gateway-http",
  "processor",
  "web",
  "simulators",
  "bench",
  "tests/harness",
  "scripts",
];
const files = [
  "main.ts",
  "engines.ts",
  "stores.ts",
  "administration.ts",
  "tsconfig.json",
  "tsconfig.build.json",
  "package-lock.json",
];
const stampFile = join(root, "dist", ".built-from");

/** Whether node_modules holds exactly the versions that package-lock.json names. */
export function isInstalled() {
  const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
  const wanted = packagesOf(join(root, "package-lock.json"));
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional, devOptional, peer }]) => {
    if (path === "") return true;
    // Binaries for other platforms are wanted by the lock file and rightly absent.
    return (
      installed[path]?.version === version ||
      (installed[path] === undefined && (optional || devOptional || peer))
    );
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether dist was built from the sources as they are now. */
export function isBuilt() {
  return existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint();
}

export { stampFile };

/** Changes whenever a source file appears, goes or is written; reads names and times only, so it costs milliseconds. */
export function fingerprint() {
  const hash = createHash("sha1");
  for (const path of [...files, ...sourceFolders.flatMap(sourcesOf)].sort()) {
    const at = statSync(join(root, path), { throwIfNoEntry: false });
    if (at !== undefined) hash.update(`${path}\0${at.size}\0${at.mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function sourcesOf(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}
