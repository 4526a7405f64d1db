import { errorOf } from "../platform/errors.ts";
import type { Clock, ReadingStream } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { type CommandAnswer, readAnswer } from "../schema/command.ts";
import { type Reading, shardOf } from "../schema/reading.ts";
import { type Refusal, type Rejection, toRejection } from "../schema/rejection.ts";
import { parseTopic } from "../schema/topics.ts";
import { type Decoded, decodePayload, refusalOfSize, toReadings } from "../schema/wire.ts";
import { Arrivals, type Delivery } from "./arrival.ts";
import { Gatherer, type HandedOver } from "./gatherer.ts";

/** A PUBLISH on its way in. */
export interface Publish extends Delivery {
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
}

export interface IntakeOptions {
  readonly stream: ReadingStream;
  readonly shards: number;
  readonly maxPayloadBytes: number;
  readonly maxReadings: number;
  readonly maxFutureUs: number;
  /** Keeps what a device says of a command; false when there is no such command. Rejects with what kept it from being safe. */
  readonly keepAnswer: (deviceId: string, answer: CommandAnswer) => Promise<boolean>;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A client spoke where only the platform may. */
export class ForbiddenTopic extends Error {
  override readonly name = "ForbiddenTopic";
}

/**
 * The hand-over: what a device publishes is decoded and given to the stream, and only then acknowledged. Bad data is kept as a
 * rejection on the same way and acknowledged too, since a device that repeats a poisoned message for ever helps nobody.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #arrivals: Arrivals;
  readonly #gatherer: Gatherer;
  #inHand = 0;
  #isClosed = false;
  #idle: (() => void) | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#arrivals = new Arrivals(options.now);
    this.#gatherer = new Gatherer(options);
  }

  /** Calls back exactly once: without an error when the publish may be acknowledged. After `close`, never. */
  take(publish: Publish, done: HandedOver): void {
    if (this.#isClosed) return;
    const topic = parseTopic(publish.topic);
    switch (topic.kind) {
      case "telemetry":
        // MQTT-3.3.1-10: it measures nothing, it removes what is retained.
        if (publish.isRetained && publish.payload.length === 0) done();
        else this.#takeTelemetry(publish, topic, done);
        break;
      case "message":
        done();
        break;
      case "answer":
        this.#takeAnswer(publish, topic.deviceId, done);
        break;
      case "reserved":
        done(new ForbiddenTopic(`only the platform publishes on ${publish.topic}`));
        break;
      case "unknown": {
        const reason = `nothing is stored from topic ${JSON.stringify(publish.topic)}; publish on devices/{device_id}/telemetry`;
        this.#reject(publish, { deviceId: topic.deviceId, refusal: { code: "TOPIC_UNKNOWN", reason } }, done);
        break;
      }
    }
  }

  /** Takes nothing more, hands over what it has, and resolves when the stream has answered for all of it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#gatherer.flush();
    if (this.#inHand === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #takeAnswer(publish: Publish, deviceId: string, done: HandedOver): void {
    const answer = readAnswer(publish.payload);
    if (typeof answer === "string") {
      const refusal = { code: "ANSWER_INVALID", reason: answer } as const;
      this.#reject(publish, { deviceId, refusal }, done);
      return;
    }
    this.#options.keepAnswer(deviceId, answer).then(
      (isKnown) => {
        if (isKnown) done();
        else if (!this.#isClosed) this.#reject(publish, { deviceId, refusal: strayAnswer(answer) }, done);
      },
      // QoS 0 promises nothing.
      (error: unknown) => done(publish.qos === 0 ? undefined : errorOf(error)),
    );
  }

  #takeTelemetry(
    publish: Publish,
    topic: { deviceId: string; sensorType: string | undefined },
    done: HandedOver,
  ): void {
    const decoded = this.#decode(publish, topic);
    if (decoded.kind === "rejected") {
      this.#reject(publish, { deviceId: topic.deviceId, refusal: decoded.refusal }, done);
      return;
    }
    let timeless = 0;
    for (const { timestampUs } of decoded.samples) if (timestampUs === undefined) timeless += 1;
    const arrivalUs = timeless === 0 ? 0 : this.#arrivals.timesOf(publish, topic.deviceId, timeless);
    const readings = toReadings(decoded.samples, arrivalUs);
    this.#handOver(publish, { deviceId: topic.deviceId, readings }, done);
  }

  #decode(publish: Publish, topic: { deviceId: string; sensorType: string | undefined }): Decoded {
    const { maxPayloadBytes, maxReadings, maxFutureUs, now } = this.#options;
    const refusal = refusalOfSize(publish.payload.length, maxPayloadBytes);
    if (refusal !== undefined) return { kind: "rejected", deviceId: topic.deviceId, refusal };
    return decodePayload(publish.payload, topic, { nowUs: now(), maxFutureUs, maxReadings });
  }

  #reject(
    publish: Publish,
    { deviceId, refusal }: { deviceId: string | null; refusal: Refusal },
    done: HandedOver,
  ): void {
    const { log, metrics } = this.#options;
    metrics.rejected.inc({ code: refusal.code });
    log.debug({ code: refusal.code, device: deviceId, client: publish.clientId }, "message rejected");
    const { topic: source, payload } = publish;
    const identity = this.#arrivals.identityOf(publish, deviceId ?? "");
    const rejection = toRejection(refusal, { ...identity, deviceId, source, payload });
    this.#handOver(publish, { deviceId: deviceId ?? "", readings: [], rejection }, done);
  }

  #handOver(
    publish: Publish,
    content: { deviceId: string; readings: readonly Reading[]; rejection?: Rejection },
    done: HandedOver,
  ): void {
    const { shards, metrics, log } = this.#options;
    this.#inHand += 1;
    this.#gatherer.add(shardOf(content.deviceId, shards), content, (error) => {
      this.#inHand -= 1;
      if (error === undefined) metrics.received.inc(content.readings.length);
      else {
        metrics.handOverFailures.inc();
        log.warn({ reason: error.message, client: publish.clientId }, "reading not taken");
      }
      // QoS 0 promises nothing, so its sender is not cut off for what it would not hear of anyway.
      done(publish.qos === 0 ? undefined : error);
      if (this.#inHand === 0) this.#idle?.();
    });
  }
}

function strayAnswer({ commandId }: CommandAnswer): Refusal {
  const reason = `no command ${commandId} is known that was sent to this device; an answer has the id of its command, while that is kept`;
  return { code: "COMMAND_UNKNOWN", reason };
}
