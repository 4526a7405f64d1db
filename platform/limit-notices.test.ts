import { Writable } from "node:stream";
import { pino } from "pino";
import { expect, test } from "vitest";
import { LimitNotices } from "./limit-notices.ts";
import { openMetrics } from "./telemetry.ts";

test("a flood is counted one by one, and is a few lines in the log that say how many more there were", async () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      // A line of our own log.
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const metrics = openMetrics();
  let nowMs = 0;
  const notices = new LimitNotices({ log: pino(sink), metrics, now: () => nowMs });
  for (let time = 0; time < 1000; time += 1)
    notices.tell("connect_rate", { address: `10.0.0.${time % 200}` });
  nowMs = 10_000;
  notices.tell("connect_rate", { address: "10.0.0.9" });
  notices.tell("inflight", { client: "c" });

  expect(lines).toHaveLength(7);
  expect(lines[0]).toMatchObject({
    msg: "limit reached",
    limit: "connect_rate",
    address: "10.0.0.0",
    setting: "MAX_CONNECTS_PER_ADDRESS_PER_SECOND",
    fix: expect.any(String),
  });
  expect(lines[5]).toMatchObject({ address: "10.0.0.9", unlogged: 995 });
  expect(lines[6]).toMatchObject({ limit: "inflight", client: "c" });
  const { values } = await metrics.limited.get();
  expect(values.find(({ labels }) => labels.limit === "connect_rate")?.value).toBe(1001);
  expect(values.find(({ labels }) => labels.limit === "http_rate")?.value).toBe(0);
});
