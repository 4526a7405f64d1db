import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { fingerprint, stampFile } from "./freshness.mjs";
import { root, run } from "./steps.mjs";

/** Compiles everything into dist: the services with tsc, the console with vite when there is one. */
export async function build() {
  const before = fingerprint();
  rmSync(stampFile, { force: true });
  await Promise.all([
    run(process.execPath, [binary("typescript", "tsc"), "-p", "tsconfig.build.json"]),
    buildClient(),
  ]);
  copyMigrations();
  removeStrays("dist");
  writeFileSync(stampFile, before);
}

/** The arguments that make vite build the console, or undefined while there is none. */
function clientBuild() {
  if (!existsSync(join(root, "web/client/index.html"))) return undefined;
  return [
    binary("vite", "vite"),
    "build",
    "web/client",
    "--config",
    "web/client/vite.config.ts",
    "--logLevel",
    "warn",
  ];
}

async function buildClient() {
  const args = clientBuild();
  if (args === undefined) return;
  await run(process.execPath, args);
  pack(join(root, "dist/web/client"));
}

const packed = /\.(?:js|css|html|svg|json|webmanifest)$/;

/** Compresses the console's files as far as it goes, once, beside themselves, where the server looks for them. */
function pack(folder) {
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  for (const name of readdirSync(folder, { recursive: true })) {
    const file = join(folder, name);
    if (!packed.test(name)) continue;
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, options));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
  }
}

/** The script behind a package's command: `npx` would cost 300 ms, and .bin is another kind of file on Windows. */
function binary(name, command) {
  const home = join(root, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  return join(home, bin[command]);
}

function copyMigrations() {
  rmSync(join(root, "dist/schema/migrations"), { recursive: true, force: true });
  mkdirSync(join(root, "dist/schema/migrations"), { recursive: true });
  cpSync(join(root, "schema/migrations"), join(root, "dist/schema/migrations"), {
    recursive: true,
    filter: (from) => !/\.[a-z]+$/.test(from) || from.endsWith(".sql"),
  });
}

// Emptying dist first would pull the ground from under a program that runs from it; so only what has lost its source goes.
function removeStrays(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (path === "dist/web/client") continue;
    if (entry.isDirectory()) removeStrays(path);
    const source = path.slice("dist/".length).replace(/\.js(\.map)?$/, ".ts");
    if (source.endsWith(".ts") && !existsSync(join(root, source))) rmSync(join(root, path));
  }
}
