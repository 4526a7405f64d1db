import { connect, createServer, type Server, type Socket } from "node:net";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Database, openDatabase, storeFailure } from "../../platform/database/database.ts";
import { silent } from "./samples.ts";

// What lies between may stop to carry what is on its way, as a host does that is gone, while new connections come through.
const patienceMs = 600;
const pairs = new Set<readonly [Socket, Socket]>();
const lost = new Set<Socket>();
let between: Server;
let database: Database;

beforeAll(async () => {
  const target = new URL(inject("postgresUrl"));
  between = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    pairs.add([near, far]);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes) => lost.has(near) || to.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const url = new URL(target);
  const address = between.address();
  url.host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  database = await openDatabase({ url: url.href, isSole: false, log: silent, connections: 2, patienceMs });
});
afterAll(async () => {
  await database.close();
  for (const sockets of pairs) for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => between.close(resolve));
});

const ask = (statement: string) =>
  sql
    .raw(statement)
    .execute(database.db)
    .catch((cause: unknown) => {
      throw storeFailure("ask", cause);
    });

test("a host that is gone without a word fails what it was asked, and the one that has its name is asked then", async () => {
  await ask("SELECT 1");
  for (const [near] of pairs) lost.add(near);
  await expect(ask("SELECT 2")).rejects.toMatchObject({ code: "STORE_DOWN", retryable: true });
  await expect(ask("SELECT 3 AS answer")).resolves.toMatchObject({ rows: [{ answer: 3 }] });
});

test("a question that somebody is at work on may take as long as it takes, in a transaction as well", async () => {
  await expect(ask(`SELECT pg_sleep(${(4 * patienceMs) / 1000}), 4 AS answer`)).resolves.toMatchObject({
    rows: [{ answer: 4 }],
  });
  await database.db.transaction().execute(async (transaction) => {
    await new Promise((resolve) => setTimeout(resolve, 3 * patienceMs));
    await sql`SELECT 5`.execute(transaction);
  });
});
