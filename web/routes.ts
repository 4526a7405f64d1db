import { Type } from "typebox";
import type { HttpDoor } from "../platform/http-server.ts";
import type { ReadingStore } from "../platform/ports.ts";
import {
  AnomaliesAnswer,
  DeviceIdText,
  type DoorsAnswer,
  DoorsAnswer as DoorsSchema,
  ReadingsAnswer,
} from "../schema/api.ts";

export interface RouteDeps {
  readonly readings: ReadingStore;
  readonly doors: () => DoorsAnswer;
}

const config = { needs: "viewer" } as const;

function limit(fallback: number, most: number) {
  return Type.Integer({ minimum: 1, maximum: most, default: fallback });
}

/** Puts the questions a console asks on a door, under `/api/v1`. */
export function mountApi(door: HttpDoor, deps: RouteDeps): void {
  mountHistory(door, deps);
  door.get("/api/v1/doors", { config, schema: { response: { 200: DoorsSchema } } }, () => deps.doors());
}

function mountHistory(door: HttpDoor, { readings }: RouteDeps): void {
  door.get<{ Querystring: { device: string[]; limit: number } }>(
    "/api/v1/readings",
    {
      config,
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
  door.get<{ Querystring: { device?: string; limit: number } }>(
    "/api/v1/anomalies",
    {
      config,
      schema: {
        querystring: Type.Object({ device: Type.Optional(DeviceIdText), limit: limit(100, 1000) }),
        response: { 200: AnomaliesAnswer },
      },
    },
    async ({ query }) => ({ anomalies: await readings.anomalies(query) }),
  );
}
