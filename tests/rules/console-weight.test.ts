import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const mostBytes = 150_000;

type Chunk = Rolldown.OutputChunk;

/** What the browser must have before the overview works: the entry, the page, and whatever these import at once. */
function firstLoad(chunks: readonly Chunk[]): readonly Chunk[] {
  const wanted = chunks.filter(
    ({ facadeModuleId }) =>
      facadeModuleId?.endsWith("/index.html") || facadeModuleId?.endsWith("overview/page.ts"),
  );
  const found = new Set<Chunk>();
  const visit = (chunk: Chunk): void => {
    if (found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) for (const other of chunks) if (other.fileName === name) visit(other);
  };
  wanted.forEach(visit);
  return [...found];
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
  const first = firstLoad(chunks);
  expect(first.some(({ facadeModuleId }) => facadeModuleId?.endsWith("overview/page.ts"))).toBe(true);
  const bytes = first.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThanOrEqual(mostBytes);
});
