import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-score-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file is scored without a database, and a file that cannot be read is named", async () => {
  const [input, output] = [join(folder, "in.csv"), join(folder, "out.csv")];
  const rows = Array.from({ length: 300 }, (_, index) => {
    const timestamp = new Date(Date.UTC(2026, 10, 1) + index * 60_000).toISOString();
    return `${timestamp},${index === 250 ? 900 : 420 + ((index * 7919) % 13)}`;
  });
  writeFileSync(input, ["timestamp,value", ...rows].join("\n"));
  const command = ["dist/main.js", "score", "--sensor-type", "co2", "--input"];
  await run(process.execPath, [...command, input, "--output", output]);
  const written = readFileSync(output, "utf8");
  expect(written.trimEnd().split("\n")[251]).toMatch(/,900,[0-9.]+,1,(minor|major|critical),Co2 900; /);
  expect((await run(process.execPath, [...command, input])).stdout).toBe(written);
  const missing = run(process.execPath, [...command, join(folder, "none.csv")]);
  await expect(missing).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("INPUT_UNREADABLE"),
  });
  const unasked = run(process.execPath, command.slice(0, 2));
  await expect(unasked).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("--input") });
});

test.each(["./own.csv", "link.csv"])("a file is not written over by its own scores (%s)", async (output) => {
  const text = "timestamp,value\n2026-11-01T00:00:00Z,420\n";
  writeFileSync(join(folder, "own.csv"), text);
  rmSync(join(folder, "link.csv"), { force: true });
  symlinkSync("own.csv", join(folder, "link.csv"));
  const command = [resolve("dist/main.js"), "score", "--sensor-type", "co2"];
  const scored = run(process.execPath, [...command, "--input", "own.csv", "--output", output], {
    cwd: folder,
  });
  await expect(scored).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("the same file") });
  expect(readFileSync(join(folder, "own.csv"), "utf8")).toBe(text);
});
