import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { CommandSummary } from "../../schema/command.ts";
import { engines, onEach } from "./databases.ts";

const options = { by: "operator:ada", mostWaiting: 3 };
const order = (deviceId: string, name: string, payload = '{"a":"ü\\u0000"}') => ({
  deviceId,
  name,
  payload,
  expiresSeconds: 60,
});

onEach(engines, "the store of commands", (stores) => {
  const store = () => stores().commands;

  async function queue(deviceId: string, name: string): Promise<CommandSummary> {
    const command = await store().queue(order(deviceId, name), options);
    if (command === null) throw new Error("too many");
    return command;
  }

  const expire = (id: string) =>
    sql`UPDATE commands SET expires_at = now() WHERE id = ${id}::uuid`.execute(stores().database.db);

  const statesOf = async (deviceId: string) =>
    (await store().ofDevice(deviceId, 10)).map(({ name, state }) => `${name} ${state}`);

  test("keeps a command as it was given, with who gave it, and the record of it without the payload", async () => {
    const command = await queue("a", "reboot");
    expect(command).toMatchObject({
      ...{ deviceId: "a", name: "reboot", by: "operator:ada", state: "queued" },
      payload: { a: "ü\u0000" },
      ...{ deliveredUs: null, answeredUs: null, answer: null },
    });
    expect(command.expiresUs - command.queuedUs).toBe(60e6);
    const [audited] = await stores().audit.list({ target: "a", limit: 1 });
    expect(audited).toMatchObject({ by: "operator:ada", action: "command.queue", before: null });
    expect(audited?.after).toEqual({ id: command.id, name: "reboot", expiresSeconds: 60 });
  });

  test("takes no more than may wait, and again once some are delivered or have expired", async () => {
    const [first, second] = [await queue("a", "1"), await queue("a", "2")];
    await queue("a", "3");
    expect(await store().queue(order("a", "4"), options)).toBeNull();
    await queue("b", "1");
    await store().delivered([first.id]);
    await expire(second.id);
    await queue("a", "5");
    await queue("a", "6");
    expect(await store().queue(order("a", "7"), options)).toBeNull();
  });

  test("gives what waits in the order it was given, of each device so many", async () => {
    for (const name of ["1", "2", "3"]) for (const id of ["a", "b"]) await queue(id, name);
    const waiting = await store().waiting(["b", "a", "nobody"], 2);
    expect(waiting.map(({ deviceId, name }) => deviceId + name)).toEqual(["a1", "b1", "a2", "b2"]);
  });

  test("hands out what is valid and nothing that has expired, was called back or delivered", async () => {
    const [valid, expired, cancelled] = [await queue("a", "1"), await queue("a", "2"), await queue("a", "3")];
    const delivered = await queue("b", "1");
    await expire(expired.id);
    await store().cancel("a", cancelled.id, "operator:bo");
    await store().delivered([delivered.id]);
    const all = [valid, expired, cancelled, delivered].map(({ id }) => id);
    const { id, deviceId, name, expiresUs } = valid;
    expect(await store().take(all)).toEqual([{ id, deviceId, name, expiresUs, payload: '{"a":"ü\\u0000"}' }]);
    // What was not acknowledged is handed out again.
    expect(await store().take(all)).toHaveLength(1);
    expect(await statesOf("a")).toEqual(["3 cancelled", "2 expired", "1 queued"]);
    expect(await statesOf("b")).toEqual(["1 delivered"]);
  });

  test("calls back what was not sent, once, for its own device, on record", async () => {
    const [unsent, sent] = [await queue("a", "1"), await queue("a", "2")];
    await store().take([sent.id]);
    expect(await store().cancel("b", unsent.id, "operator:bo")).toBeNull();
    expect(await store().cancel("a", randomUUID(), "operator:bo")).toBeNull();
    expect(await store().cancel("a", sent.id, "operator:bo")).toMatchObject({ isCancelled: false });
    expect(await store().cancel("a", unsent.id, "operator:bo")).toMatchObject({ isCancelled: true });
    expect(await store().cancel("a", unsent.id, "operator:bo")).toMatchObject({
      isCancelled: false,
      command: { state: "cancelled" },
    });
    const records = await stores().audit.list({ target: "a", limit: 10 });
    expect(records.map(({ by, action }) => `${by} ${action}`)).toEqual([
      "operator:bo command.cancel",
      "operator:ada command.queue",
      "operator:ada command.queue",
    ]);
  });

  test("keeps the first answer of the device that was told, also without or before an acknowledgement", async () => {
    const { id } = await queue("a", "1");
    const answer = (n: number) => ({ commandId: id, text: `{"id":"${id}","n":${n}}` });
    expect(await store().answered("a", answer(0))).toBe(false);
    await store().take([id]);
    expect(await store().answered("b", answer(1))).toBe(false);
    expect(await store().answered("a", answer(2))).toBe(true);
    expect(await store().answered("a", answer(3))).toBe(true);
    await store().delivered([id]);
    const [command] = await store().find([id]);
    expect(command).toMatchObject({ state: "answered", answer: { id, n: 2 } });
    expect(command?.deliveredUs).toBe(command?.answeredUs);
  });

  test("names the devices for which something was queued lately and still waits", async () => {
    const [, delivered] = [await queue("a", "1"), await queue("b", "1")];
    await queue("a", "2");
    await store().delivered([delivered.id]);
    expect(await store().waitingSince(60_000)).toEqual(["a"]);
    await sql`UPDATE commands SET queued_at = now() - interval '2 minutes'`.execute(stores().database.db);
    expect(await store().waitingSince(60_000)).toEqual([]);
  });

  test("knows whether there has been a broker", async () => {
    expect(await store().hasBroker()).toBe(false);
    await stores().presence.beat(randomUUID(), { deadMs: 3000, mayBury: false });
    expect(await store().hasBroker()).toBe(true);
  });

  test("forgets what is old and over, and nothing that may still be delivered", async () => {
    const over = await queue("a", "1");
    await queue("a", "2");
    await expire(over.id);
    await sql`UPDATE commands SET queued_at = now() - interval '3 days'`.execute(stores().database.db);
    expect(await store().forgetOlderThan(2)).toBe(1);
    expect(await statesOf("a")).toEqual(["2 queued"]);
  });
});
