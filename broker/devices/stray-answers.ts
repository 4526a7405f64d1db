import { randomUUID } from "node:crypto";
import type { Clock, ReadingStream } from "../../platform/ports.ts";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import type { CommandAnswer } from "../../schema/command.ts";
import { shardOf } from "../../schema/reading.ts";
import { toRejection } from "../../schema/rejection.ts";
import { answersFilter } from "../../schema/topics.ts";
import { Gatherer, type HandedOver } from "../gatherer.ts";

export interface StrayAnswersDeps {
  readonly stream: ReadingStream;
  readonly shards: number;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Keeps answers to no command as rejections, which go the way of readings. */
export class StrayAnswers {
  readonly #deps: StrayAnswersDeps;
  readonly #gatherer: Gatherer;

  constructor(deps: StrayAnswersDeps) {
    this.#deps = deps;
    this.#gatherer = new Gatherer(deps);
  }

  /** Calls back exactly once, without an error when the answer may be acknowledged. */
  keep(deviceId: string, { commandId, text }: CommandAnswer, done: HandedOver): void {
    const { shards, now, log, metrics } = this.#deps;
    const code = "COMMAND_UNKNOWN";
    const reason = `no command ${commandId} is known that was sent to this device; an answer has the id of its command, while that is kept`;
    metrics.rejected.inc({ code });
    log.debug({ device: deviceId, command: commandId }, "answer to no command");
    const rejection = toRejection(
      { code, reason },
      {
        ...{ id: randomUUID(), deviceId, source: answersFilter(deviceId) },
        ...{ payload: Buffer.from(text), receivedUs: now() },
      },
    );
    this.#gatherer.add(shardOf(deviceId, shards), { readings: [], rejection }, done);
  }

  /** Hands over what it has. */
  stop(): void {
    this.#gatherer.flush();
  }
}
