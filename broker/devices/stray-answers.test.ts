import { EventEmitter } from "node:events";
import type { Aedes } from "aedes";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CommandStore } from "../../platform/devices/command-ports.ts";
import { openMemoryStream } from "../../platform/memory/stream.ts";
import type { ReadingStream } from "../../platform/ports.ts";
import { openMetrics } from "../../platform/telemetry.ts";
import type { Rejection } from "../../schema/rejection.ts";
import { Courier } from "./courier.ts";
import { linkDevices } from "./device-links.ts";
import { StrayAnswers } from "./stray-answers.ts";

const known = "7b0f6a5e-7a90-4b1e-9d4b-2f60b5d4a000";
const unknown = "7b0f6a5e-7a90-4b1e-9d4b-2f60b5d4a111";
const principalOf = () => ({ kind: "anyone" }) as const;
const events = { hint: () => undefined };
let stream: ReadingStream;
let kept: Rejection[];
let shared: {
  stream: ReadingStream;
  shards: number;
  now: () => number;
  log: typeof log;
  metrics: typeof metrics;
};
const log = pino({ level: "silent" });
const metrics = openMetrics();

beforeEach(() => {
  kept = [];
  // One that nobody has to empty.
  const append: ReadingStream["append"] = async (_, { rejections }) => void kept.push(...rejections);
  stream = Object.assign(openMemoryStream({ shards: 1 }), { append });
  shared = { stream, shards: 1, now: () => 1000, log, metrics };
});

afterEach(() => stream.close());

const textOf = (commandId: string) => `{"id":"${commandId}","done":true}`;

test("an answer to a command that the store knows is kept there, also when it comes again; to any other as a rejection", async () => {
  // The store knows answered and expired commands as long as it keeps them.
  const answered: CommandStore["answered"] = async (_, { commandId }) => commandId === known;
  const strays = new StrayAnswers(shared);
  const courier = new Courier({
    // Nothing else of it is asked.
    store: { answered } as CommandStore,
    ...{ strays, events, principalOf, nowUs: () => 0, log, metrics },
  });
  const answer = (commandId: string) =>
    new Promise<Error | undefined>((done) =>
      courier.answer("press-1", { commandId, text: textOf(commandId) }, done),
    );
  for (const commandId of [known, known, unknown]) expect(await answer(commandId)).toBeUndefined();
  await courier.stop();
  expect(kept).toMatchObject([
    {
      ...{ code: "COMMAND_UNKNOWN", deviceId: "press-1", source: "devices/press-1/commands/+/answer" },
      ...{ payload: textOf(unknown), reason: expect.stringContaining(unknown), receivedUs: 1000 },
    },
  ]);
});

test("a broker without a database, which knows no commands, keeps every answer so", async () => {
  const aedes = Object.assign(new EventEmitter(), { subscribe: () => undefined });
  const links = linkDevices({
    // Nobody connects.
    aedes: aedes as unknown as Aedes,
    departures: { note: () => undefined, reasonOf: () => "lost" },
    ...{ stores: null, keptDays: 1, guard: { principalOf }, events, ...shared },
  });
  expect(
    await new Promise((done) => links.answer("press-1", { commandId: known, text: textOf(known) }, done)),
  ).toBeUndefined();
  expect(kept).toMatchObject([{ code: "COMMAND_UNKNOWN" }]);
});

test("an answer that the stream does not take is not acknowledged", async () => {
  const append = () => Promise.reject(new Error("away"));
  const strays = new StrayAnswers({ ...shared, stream: Object.assign(stream, { append }) });
  expect(
    await new Promise((done) => strays.keep("press-1", { commandId: unknown, text: textOf(unknown) }, done)),
  ).toMatchObject({ message: "away" });
});
