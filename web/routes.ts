import { type Static, Type } from "typebox";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Clock, ReadingStore } from "../platform/ports.ts";
import { anomalyCursor, anomalyPlaceIn } from "../schema/anomaly-place.ts";
import {
  AnomaliesAnswer,
  DeviceIdText,
  type DoorsAnswer,
  DoorsAnswer as DoorsSchema,
  ReadingsAnswer,
} from "../schema/api.ts";
import { momentOf, noRange, rangeOf } from "../schema/moment.ts";
import { refuse } from "./refusals.ts";

export interface RouteDeps {
  readonly readings: ReadingStore;
  readonly doors: () => DoorsAnswer;
  readonly now: Clock;
}

const config = { needs: "viewer" } as const;

function limit(fallback: number, most: number) {
  return Type.Integer({ minimum: 1, maximum: most, default: fallback });
}

/** Puts the questions a console asks on a door, under `/api/v1`. */
export function mountApi(door: HttpDoor, deps: RouteDeps): void {
  mountRecent(door, deps);
  mountAnomalies(door, deps);
  door.get("/api/v1/doors", { config, schema: { response: { 200: DoorsSchema } } }, () => deps.doors());
}

function mountRecent(door: HttpDoor, { readings }: RouteDeps): void {
  door.get<{ Querystring: { device: string[]; limit: number } }>(
    "/api/v1/readings",
    {
      config: { ...config, isForEmbeds: true },
      schema: {
        querystring: Type.Object({
          device: Type.Array(DeviceIdText, { minItems: 1, maxItems: 50 }),
          limit: limit(300, 2000),
        }),
        response: { 200: ReadingsAnswer },
      },
    },
    async ({ query }) => {
      const series = await readings.recentOfDevices(query.device, query.limit);
      return {
        series: series.map(({ deviceId, sensorType, points }) => ({
          deviceId,
          sensorType,
          points: points.map((point) => [
            point.timestampUs,
            point.value,
            point.score,
            point.isAnomaly ? 1 : 0,
          ]),
        })),
      };
    },
  );
}

const AnomaliesQuestion = Type.Object({
  device: Type.Optional(DeviceIdText),
  from: momentOf("All there are"),
  to: momentOf("Now"),
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: "`next` of the page before." })),
  limit: limit(100, 1000),
});

function mountAnomalies(door: HttpDoor, { readings, now }: RouteDeps): void {
  door.get<{ Querystring: Readonly<Static<typeof AnomaliesQuestion>> }>(
    "/api/v1/anomalies",
    { config, schema: { querystring: AnomaliesQuestion, response: { 200: AnomaliesAnswer } } },
    async ({ query: { device: deviceId, cursor, limit, ...between } }, reply) => {
      const after = cursor === undefined ? undefined : anomalyPlaceIn(cursor);
      if (cursor !== undefined && after === undefined) return refuse(reply, 400, noCursor);
      const isWithin = between.from !== undefined || between.to !== undefined;
      const range = isWithin ? rangeOf(between, now()) : undefined;
      if (isWithin && range === undefined) return refuse(reply, 400, noRange);
      // One more than asked for tells whether there is a next page.
      const page = await readings.anomalies({ deviceId, range, after, limit: limit + 1 });
      const anomalies = page.slice(0, limit);
      const last = anomalies.at(-1);
      return { anomalies, next: page.length > limit && last !== undefined ? anomalyCursor(last) : null };
    },
  );
}

const noCursor = { code: "CURSOR_INVALID", reason: "this is no cursor of this list; ask for its first page" };
