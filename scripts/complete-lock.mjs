import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "./steps.mjs";

// npm leaves out of package-lock.json what its registry does not carry, and a mirror may lack the binaries of platforms that
// nobody here uses. `npm ci` then refuses the whole file, here and everywhere. So: run this after every `npm install`.

const file = join(root, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = [];

for (const { path, name, version, dev } of absent(lock.packages)) {
  const { os, cpu, libc } = platformOf(name);
  // In npm's own order, so that its next install changes nothing; undefined is not written.
  lock.packages[path] = { version, cpu, dev, libc, optional: true, os };
  added.push(path);
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
if (added.length > 0) {
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
say(
  added.length === 0
    ? "package-lock.json is complete"
    : `added to package-lock.json:\n  ${added.join("\n  ")}`,
);

/** Optional dependencies that some package names and the lock file does not hold. */
function absent(packages) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isHeld(packages, path, name))
      .map(([name, version]) => ({ path: `node_modules/${name}`, name, version, dev })),
  );
}

function isHeld(packages, path, name) {
  const above = path.split(/\/?node_modules\//).map((_, depth, parts) => parts.slice(1, depth + 1));
  return above.some((parts) => [...parts, name].map((part) => `node_modules/${part}`).join("/") in packages);
}

/** Where npm may install it, read from a name such as @biomejs/cli-linux-x64-musl. */
function platformOf(name) {
  const [, os, cpu, abi] =
    /-(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-([a-z]+))?$/.exec(
      name,
    ) ?? [];
  if (os === undefined)
    throw new Error(`cannot tell the platform of ${name} from its name; add it to package-lock.json by hand`);
  const libc = { gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" }[abi];
  return { os: [os], cpu: [cpu], libc: libc && [libc] };
}
