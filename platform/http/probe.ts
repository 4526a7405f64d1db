import type { IncomingMessage } from "node:http";
import type { Metrics } from "../telemetry.ts";
import type { HttpDoor } from "./http-server.ts";

export interface Probe {
  readonly metrics: Metrics;
  readonly state: () => "starting" | "ready" | "stopping";
}

const whyNotReady = {
  starting: "starting; tables of an older version are brought up to date first",
  stopping: "stopping",
};

/** Whether whoever asks may see the metrics: they tell how much a platform has to do, and what is wrong with it. */
export type MayReadMetrics = (request: IncomingMessage) => Promise<boolean>;

/**
 * Mounts `/live` (the process answers), `/ready` (it takes work) and `/metrics` (Prometheus text). On a door that the world may
 * reach the metrics are for those who may read them; a door of its own is for the inside.
 */
export function mountProbe(
  door: HttpDoor,
  { metrics, state, mayReadMetrics }: Probe & { mayReadMetrics?: MayReadMetrics },
): void {
  door.get("/live", () => ({ status: "live" }));
  door.get("/ready", (_request, reply) => {
    const now = state();
    if (now === "ready") return { status: now };
    return reply.code(503).send({ error: whyNotReady[now], code: "NOT_READY" });
  });
  door.get("/metrics", async (request, reply) => {
    if (mayReadMetrics !== undefined && !(await mayReadMetrics(request.raw))) {
      const error = "the metrics are for operators; log in, or send an API token as Authorization: Bearer";
      return reply.code(401).header("WWW-Authenticate", "Bearer").send({ error, code: "UNAUTHENTICATED" });
    }
    const text = await metrics.registry.metrics();
    return reply.type(metrics.registry.contentType).send(text);
  });
}
