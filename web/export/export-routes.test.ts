import { fastify } from "fastify";
import { expect, test, vi } from "vitest";
import type { ReadingExport } from "../../platform/export/export-ports.ts";
import { tendAnswers } from "../answers.ts";
import { mountExport } from "./export-routes.ts";

/** A way out without end, that says when nobody takes from it any more. */
function endless() {
  const state = { isOver: false, pages: 0 };
  const lines: ReadingExport["lines"] = async function* () {
    try {
      for (;;) {
        state.pages += 1;
        yield "a reading\n".repeat(10_000);
      }
    } finally {
      state.isOver = true;
    }
  };
  const runs: ReadingExport["runs"] = async function* () {
    yield* [];
  };
  return { state, readingExport: { lines, runs } };
}

test.each(["identity", "gzip"])(
  "a client that stops taking is waited for, and one that leaves ends the reading (%s)",
  async (encoding) => {
    const door = fastify();
    const { state, readingExport } = endless();
    tendAnswers(door, ["/api/v1/"]);
    mountExport(door, { readingExport, now: () => 1e15 });
    const url = await door.listen({ host: "127.0.0.1", port: 0 });
    const leaving = new AbortController();
    const answer = await fetch(`${url}/api/v1/export.csv`, {
      headers: { "accept-encoding": encoding },
      signal: leaving.signal,
    });
    const reader = answer.body?.getReader();
    await reader?.read();
    expect([state.isOver, state.pages > 1]).toEqual([false, true]);
    leaving.abort();
    await vi.waitUntil(() => state.isOver, { timeout: 4000 });
    const { pages } = state;
    // Sockets hold megabytes, not gigabytes.
    expect(pages).toBeLessThan(encoding === "gzip" ? 20_000 : 500);
    door.server.closeAllConnections();
    await door.close();
  },
);

test.each(["csv", "parquet"])("HEAD of the %s asks nothing of the database", async (ending) => {
  const door = fastify();
  let asked = 0;
  async function* nothing() {
    asked += 1;
    yield* [];
  }
  mountExport(door, { readingExport: { lines: nothing, runs: nothing }, now: () => 1e15 });
  const answer = await door.inject({ method: "HEAD", url: `/api/v1/export.${ending}` });
  expect([answer.statusCode, asked]).toEqual([404, 0]);
  await door.close();
});
