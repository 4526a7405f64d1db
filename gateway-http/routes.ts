import { randomUUID } from "node:crypto";
import type { RouteShorthandOptions } from "fastify";
import { type HttpDoor, isTooLarge, oversize } from "../platform/http/http-server.ts";
import type { Clock, LatestReading, ReadingStore, SettingStore } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { type Refusal, type RejectedMessage, toRejection } from "../schema/rejection.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { type DecodeRules, decodePayload } from "../schema/wire.ts";
import type { Bridge } from "./bridge.ts";
import { guardLegacy, type LegacyGuardDeps, whoAsks } from "./guard.ts";
import type { RejectionKeeper } from "./rejection-keeper.ts";

export interface RouteDeps extends LegacyGuardDeps {
  readonly bridge: Bridge;
  readonly readings: ReadingStore;
  readonly keeper: RejectionKeeper;
  readonly settings: SettingStore;
  readonly now: Clock;
  readonly rules: Omit<DecodeRules, "nowUs">;
  readonly log: Log;
  readonly metrics: Metrics;
}

const longestTimeoutSeconds = 31_536_000;

/** Puts the ancestor's routes on a door, with its exact paths, bodies and answers. */
export function mountLegacyRoutes(door: HttpDoor, deps: RouteDeps): void {
  guardLegacy(door, deps);
  // The old clients are not careful with Content-Type, so a body is JSON whatever it is called.
  door.addHook("onRequest", async (request) => {
    request.headers["content-type"] = "application/json";
  });
  door.removeAllContentTypeParsers();
  door.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  door.post("/data", { errorHandler: tooLarge(deps) }, async (request, reply) => {
    const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const origin = { deviceId: undefined, sensorType: undefined };
    const decoded = decodePayload(payload, origin, { ...deps.rules, nowUs: deps.now() });
    if (decoded.kind === "rejected") {
      await keepRejection(deps, decoded.refusal, { payload });
      return reply.code(400).send({ error: decoded.refusal.reason, code: decoded.refusal.code });
    }
    await deps.bridge.publish(decoded.samples);
    return reply.code(202).send({ status: "Data accepted" });
  });

  door.get("/latest", async () => {
    const timeoutMs = (await deps.settings.activeDeviceTimeoutSeconds()) * 1000;
    return toLegacyLatest(await deps.readings.latest(timeoutMs));
  });

  door.post("/config", async (request, reply) => {
    const seconds = timeoutIn(request.body);
    if (seconds === undefined) {
      const error = `"active_device_timeout_seconds" must be a whole number from 1 to ${longestTimeoutSeconds}`;
      return reply.code(400).send({ error, code: "SETTING_INVALID" });
    }
    await deps.settings.setActiveDeviceTimeoutSeconds(seconds, whoAsks(request));
    deps.log.info({ seconds, by: whoAsks(request) }, "active device timeout changed");
    return { status: "updated", active_device_timeout_seconds: seconds };
  });

  door.get("/health", () => ({ status: "healthy" }));
}

/** Keeps what can be kept of an oversize body: its size. */
function tooLarge(deps: RouteDeps): NonNullable<RouteShorthandOptions["errorHandler"]> {
  return async (error, request) => {
    if (isTooLarge(error)) {
      const payloadBytes = Number(request.headers["content-length"] ?? 0);
      await keepRejection(deps, oversize, { payload: Buffer.alloc(0), payloadBytes });
    }
    // The door answers, as it does for every other fault.
    throw error;
  };
}

async function keepRejection(
  { keeper, now, metrics }: RouteDeps,
  refusal: Refusal,
  message: Pick<RejectedMessage, "payload" | "payloadBytes">,
): Promise<void> {
  await keeper.keep(
    toRejection(refusal, {
      ...message,
      id: randomUUID(),
      deviceId: null,
      source: "POST /data",
      receivedUs: now(),
    }),
  );
  metrics.rejected.inc({ code: refusal.code });
}

function timeoutIn(body: unknown): number | undefined {
  if (!Buffer.isBuffer(body)) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(body.toString("utf8"));
  } catch {
    // Not JSON: answered like any other body without the number.
    return undefined;
  }
  if (typeof fields !== "object" || fields === null || !("active_device_timeout_seconds" in fields))
    return undefined;
  const seconds = fields.active_device_timeout_seconds;
  if (typeof seconds !== "number" || !Number.isInteger(seconds)) return undefined;
  return seconds >= 1 && seconds <= longestTimeoutSeconds ? seconds : undefined;
}

interface LegacyDevice {
  readonly device_id: string;
  timestamp: string;
  readonly metrics: { type: string; value: number; result: "normal" | "anomaly"; confidence: number }[];
}

/** One object a device; its timestamp is that of its newest metric, with the offset that Python's `fromisoformat` reads. */
export function toLegacyLatest(latest: readonly LatestReading[]): readonly LegacyDevice[] {
  const devices = new Map<string, { device: LegacyDevice; newestUs: number }>();
  for (const { deviceId, sensorType, timestampUs, value, isAnomaly, confidence } of latest) {
    const known = devices.get(deviceId) ?? {
      device: { device_id: deviceId, timestamp: "", metrics: [] },
      newestUs: Number.NEGATIVE_INFINITY,
    };
    devices.set(deviceId, known);
    known.device.metrics.push({
      type: sensorType,
      value,
      result: isAnomaly ? "anomaly" : "normal",
      confidence,
    });
    if (timestampUs > known.newestUs) {
      known.newestUs = timestampUs;
      known.device.timestamp = formatTimestamp(timestampUs, "+00:00");
    }
  }
  return [...devices.values()].map(({ device }) => device);
}
