import { beforeEach, expect, test } from "vitest";
import { PlatformError } from "../../platform/errors.ts";
import { openLog } from "../../platform/telemetry.ts";
import type { Access } from "../../schema/access.ts";
import { AccessBook } from "./access-book.ts";

const log = openLog({ level: "silent", format: "json" });

let nowMs: number;
let stored: Map<string, Access>;
let questions: (readonly string[])[];
/** What a question waits for before it looks. */
let gate: Promise<void>;
let connected: Set<string>;
let book: AccessBook;

const access = (deviceId: string, isEnabled = true): Access => ({
  principal: { kind: "device", deviceId },
  isEnabled,
  credentials: [],
  revokedCertificates: [],
});

beforeEach(() => {
  nowMs = 0;
  stored = new Map(["a", "b", "c"].map((deviceId) => [deviceId, access(deviceId)]));
  questions = [];
  gate = Promise.resolve();
  connected = new Set();
  book = new AccessBook({
    log,
    nowMs: () => nowMs,
    isConnected: (userName) => connected.has(userName),
    store: {
      async find(names) {
        questions.push(names);
        const found = names.flatMap((name) => stored.get(name) ?? []);
        await gate;
        return found;
      },
    },
  });
});

function databaseAway(): void {
  gate = Promise.reject(new PlatformError("STORE_DOWN", "away", { retryable: true }));
  gate.catch(() => undefined);
}

test("asks once for what many want to know at the same moment, and not again", async () => {
  const names = ["a", "b", "a", "nobody"];
  const found = await Promise.all(names.map((name) => book.find(name)));
  expect(found).toEqual([access("a"), access("b"), access("a"), null]);
  expect(questions).toEqual([["a", "b", "nobody"]]);
  await book.find("a");
  expect(questions).toHaveLength(1);
});

test("believes for a second that a name is unknown", async () => {
  await book.find("new");
  stored.set("new", access("new"));
  nowMs = 900;
  expect(await book.find("new")).toBeNull();
  nowMs = 1100;
  expect(await book.find("new")).toEqual(access("new"));
});

test("asks again for what is older than the asker wants, and hands the same out when nothing changed", async () => {
  const first = await book.find("a");
  nowMs = 5000;
  expect(await book.find("a", 1000)).toBe(first);
  expect(questions).toHaveLength(2);
  stored.set("a", access("a", false));
  nowMs = 10_000;
  expect(await book.find("a", 1000)).toEqual(access("a", false));
});

test("does not keep an answer that was overtaken by a change", async () => {
  let open = (): void => undefined;
  gate = new Promise((resolve) => {
    open = resolve;
  });
  const finding = book.find("a");
  await new Promise(setImmediate);
  stored.set("a", access("a", false));
  book.forget("a");
  open();
  expect(await finding).toEqual(access("a", false));
  expect(await book.find("a")).toEqual(access("a", false));
  expect(questions).toHaveLength(2);
});

test("goes on with what it knows while the database is away, and rejects what it does not know", async () => {
  await book.find("a");
  databaseAway();
  nowMs = 3_000_000;
  expect(await book.refresh()).toEqual([]);
  expect(await book.find("a")).toEqual(access("a"));
  await expect(book.find("b")).rejects.toMatchObject({ code: "STORE_DOWN" });
  book.forget("a");
  await expect(book.find("a")).rejects.toMatchObject({ code: "STORE_DOWN" });
});

test("reads again after a minute what is in use, so that a change that was missed is seen", async () => {
  await Promise.all(["a", "b", "nobody"].map((name) => book.find(name)));
  nowMs = 30_000;
  await book.find("c");
  stored.set("a", access("a", false));
  nowMs = 60_000;
  expect(await book.refresh()).toEqual(["a", "b"]);
  expect(await book.find("a")).toEqual(access("a", false));
  expect(await book.refresh()).toEqual([]);
});

test("forgets after an hour who did not come again, unless it is connected", async () => {
  await Promise.all(["a", "b"].map((name) => book.find(name)));
  connected.add("b");
  nowMs = 3_700_000;
  expect(await book.refresh()).toEqual(["b"]);
  await book.find("a");
  expect(questions).toHaveLength(3);
});
