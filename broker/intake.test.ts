import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { openMemoryStream } from "../platform/memory/stream.ts";
import type { ReadingStream } from "../platform/ports.ts";
import { openMetrics } from "../platform/telemetry.ts";
import type { Rejection } from "../schema/rejection.ts";
import { Intake, type IntakeOptions, type Publish } from "./intake.ts";

const known = "7b0f6a5e-7a90-4b1e-9d4b-2f60b5d4a000";
const unknown = "7b0f6a5e-7a90-4b1e-9d4b-2f60b5d4a111";
let kept: Rejection[];
/** What the stream says to what it is given. */
let append: ReadingStream["append"];

beforeEach(() => {
  kept = [];
  append = async (_, { rejections }) => void kept.push(...rejections);
});

function intakeWith(keepAnswer: IntakeOptions["keepAnswer"]): Intake {
  const stream = Object.assign(openMemoryStream({ shards: 1 }), {
    append: (...given: Parameters<typeof append>) => append(...given),
  });
  return new Intake({
    ...{ stream, shards: 1, maxPayloadBytes: 1000, maxReadings: 10, maxFutureUs: 0, keepAnswer },
    ...{ now: () => 1000, log: pino({ level: "silent" }), metrics: openMetrics() },
  });
}

function answerTo(commandId: string, others: Partial<Publish> = {}): Publish {
  return {
    ...{ clientId: "press-1", packetId: 7, isRepeated: false, qos: 1, isRetained: false },
    topic: "devices/press-1/commands/open/answer",
    payload: Buffer.from(`{"id":"${commandId}","done":true}`),
    ...others,
  };
}

const taken = (intake: Intake, publish: Publish) =>
  new Promise<Error | undefined>((done) => intake.take(publish, done));

test("an answer to a known command is acknowledged, also when it comes again", async () => {
  const intake = intakeWith(async (_, { commandId }) => commandId === known);
  for (const isRepeated of [false, true])
    expect(await taken(intake, answerTo(known, { isRepeated }))).toBeUndefined();
  await intake.close();
  expect(kept).toEqual([]);
});

test("an answer to no command is kept as a rejection, and as one when it comes again", async () => {
  const intake = intakeWith(async () => false);
  for (const isRepeated of [false, true])
    expect(await taken(intake, answerTo(unknown, { isRepeated }))).toBeUndefined();
  await intake.close();
  expect(kept).toMatchObject([
    {
      ...{ code: "COMMAND_UNKNOWN", deviceId: "press-1", source: "devices/press-1/commands/open/answer" },
      ...{ payload: `{"id":"${unknown}","done":true}`, reason: expect.stringContaining(unknown) },
    },
    { id: kept[0]?.id, receivedUs: 1000 },
  ]);
});

test("an answer that nobody takes is not acknowledged, unless it asked for no acknowledgement", async () => {
  const away = () => Promise.reject(new Error("away"));
  const withoutStore = intakeWith(away);
  expect(await taken(withoutStore, answerTo(known))).toMatchObject({ message: "away" });
  expect(await taken(withoutStore, answerTo(known, { qos: 0, packetId: undefined }))).toBeUndefined();
  append = away;
  expect(
    await taken(
      intakeWith(async () => false),
      answerTo(unknown),
    ),
  ).toMatchObject({ message: "away" });
});
