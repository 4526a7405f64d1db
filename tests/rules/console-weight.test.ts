import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const mostBytes = 150_000;
/** Without what draws charts, which comes while values are already to be seen. */
const mostBytesToValues = 60_000;

const page = ["/index.html", "overview/page.ts"];
const charts = "charts/chart.ts";

type Chunk = Rolldown.OutputChunk;

/** The chunks of these modules and whatever they import at once. */
function load(chunks: readonly Chunk[], modules: readonly string[]): readonly Chunk[] {
  const wanted = modules.map((name) => {
    const chunk = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(name));
    if (chunk === undefined) throw new Error(`${name} has no chunk of its own`);
    return chunk;
  });
  const found = new Set<Chunk>();
  const visit = (chunk: Chunk): void => {
    if (found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) for (const other of chunks) if (other.fileName === name) visit(other);
  };
  wanted.forEach(visit);
  return [...found];
}

function compressed(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
}

test("the first load of the console is at most 150 kB of JavaScript, compressed", async () => {
  const built = await build({
    root: "web/client",
    configFile: "web/client/vite.config.ts",
    logLevel: "error",
    build: { write: false, emptyOutDir: false, reportCompressedSize: false },
  });
  if (!("output" in built)) throw new Error("vite has built something else than one bundle");
  const chunks = built.output.filter((part): part is Chunk => part.type === "chunk");
  const first = compressed(load(chunks, [...page, charts]));
  expect(first).toBeGreaterThan(50_000);
  expect(first).toBeLessThanOrEqual(mostBytes);
  expect(compressed(load(chunks, page))).toBeLessThanOrEqual(mostBytesToValues);
});
