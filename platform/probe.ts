import type { HttpDoor } from "./http-server.ts";
import type { Metrics } from "./telemetry.ts";

/** Mounts `/live` (the process answers), `/ready` (it takes work) and `/metrics` (Prometheus text). */
export function mountProbe(
  door: HttpDoor,
  { metrics, isReady }: { metrics: Metrics; isReady: () => boolean },
): void {
  door.get("/live", () => ({ status: "live" }));
  door.get("/ready", (_request, reply) =>
    isReady()
      ? { status: "ready" }
      : reply.code(503).send({ error: "starting or stopping", code: "NOT_READY" }),
  );
  door.get("/metrics", async (_request, reply) => {
    const text = await metrics.registry.metrics();
    return reply.type(metrics.registry.contentType).send(text);
  });
}
