import { learnReading } from "../processor/score.ts";
import { newSeries } from "../processor/series.ts";
import { serialiseSeries, seriesFormat } from "../processor/series-bytes.ts";
import { formatTimestamp } from "../schema/timestamp.ts";
import { telemetryTopic } from "../schema/topics.ts";
import { until } from "../tests/harness/local-servers.ts";
import type { Program } from "../tests/harness/program.ts";
import type { TestDatabase } from "../tests/harness/test-database.ts";
import { runLoad } from "./mqtt-load.ts";
import { type Pipe, reached, startPipe, withServers } from "./pipe.ts";
import { printTable } from "./table.ts";

const connections = 20;
const secondUs = 1e6;
// Every so many readings the processor itself keeps the state of a series.
const anchorEvery = 128;

/**
 * How long a shard is without an owner when its processor is killed: until every device's next reading is stored by the other one,
 * which has to rebuild what the first remembered. The baseline of the same run: as many readings stored by an owner that remembers.
 */
export async function takeOverBench(args: readonly string[]): Promise<void> {
  const devices = Number(args[0] ?? 12_500);
  const history = Number(args[1] ?? 300);
  await withServers(async (servers) => {
    const pipe = await startPipe(servers, { settings: { SHARDS: "1", LOG_LEVEL: "debug" } });
    try {
      const startUs = Date.now() * 1000 - 2 * history * secondUs;
      await fill(pipe.database, { devices, history, startUs });
      const at = (turn: number): number => startUs + (history + turn) * secondUs;
      await oneReadingEach(pipe, devices, at(0));
      const remembered = await oneReadingEach(pipe, devices, at(1));
      const heir = await pipe.addProcessor();
      const { claim, firstBatch, all } = await takeOver(pipe, { heir, devices, atUs: at(2) });
      const rows = [
        { step: "an owner that remembers stores one reading a device", seconds: remembered },
        { step: "kill -9 to the claim by the other", seconds: claim },
        { step: "kill -9 to its first batch", seconds: firstBatch },
        { step: "kill -9 to the last device", seconds: all },
      ].map(({ step, seconds }) => ({ step, seconds: Number(seconds.toFixed(2)) }));
      printTable(`take-over of a shard (${devices} devices, ${history} readings each before)`, rows);
      const toRemembered = Number(((all - claim) / remembered).toFixed(1));
      process.stdout.write(`from the claim on, in times of the owner that remembers: ${toRemembered}\n`);
      process.stdout.write(
        `${JSON.stringify({ bench: "take-over", devices, history, rows, toRemembered })}\n`,
      );
    } finally {
      await pipe.stop();
    }
  });
}

async function takeOver(
  pipe: Pipe,
  { heir, devices, atUs }: { heir: Program; devices: number; atUs: number },
): Promise<{ claim: number; firstBatch: number; all: number }> {
  const before = await pipe.stored();
  const sending = runLoad(oneEach(pipe.port, devices, atUs));
  await reached(pipe.stored, before + 1);
  await pipe.processor.kill("SIGKILL");
  const killedMs = performance.now();
  const since = (): number => (performance.now() - killedMs) / 1000;
  // What the killed one had under way may still be committed; from here on it is the other.
  await until("the other processor has the shard", () => heir.output().includes("shard taken"), {
    everyMs: 5,
  });
  const claim = since();
  const inherited = await pipe.stored();
  await reached(pipe.stored, inherited + 1);
  const firstBatch = since();
  await sending;
  await reached(pipe.stored, before + devices);
  return { claim, firstBatch, all: since() };
}

async function oneReadingEach(pipe: Pipe, devices: number, atUs: number): Promise<number> {
  const before = await pipe.stored();
  const load = await runLoad(oneEach(pipe.port, devices, atUs));
  const sentMs = performance.now();
  await reached(pipe.stored, before + devices);
  return load.seconds + (performance.now() - sentMs) / 1000;
}

function oneEach(port: number, devices: number, atUs: number) {
  const payload = JSON.stringify({ temperature: 22.5, timestamp: formatTimestamp(atUs) });
  const deviceOf = (connection: number, index: number) => `heir-${connection + connections * index}`;
  return {
    port,
    connections,
    window: 100,
    messages: devices,
    deviceOf,
    topicOf: telemetryTopic,
    payloadOf: () => payload,
  };
}

/** What the program would have left behind: all series alike, so that one state stands for all. */
async function fill(
  database: TestDatabase,
  { devices, history, startUs }: { devices: number; history: number; startUs: number },
): Promise<void> {
  const valueAt = (index: number): number => 22 + ((index * 7919) % 100) / 100;
  const anchored = history - (history % anchorEvery);
  const state = newSeries("temperature");
  for (let index = 0; index < anchored; index += 1)
    learnReading(state, { timestampUs: startUs + index * secondUs, value: valueAt(index) });
  const instant = "timestamptz 'epoch' + ($1::bigint + i * 1000000::bigint) * interval '1 microsecond'";
  const series = "SELECT 'heir-' || d AS device_id FROM generate_series(0, $2::integer - 1) d";
  await database.query(
    `INSERT INTO readings (device_id, sensor_type, ts, value, score, is_anomaly, model_version)
     SELECT device_id, 'temperature', ${instant}, 22 + ((i * 7919) % 100) / 100.0, 0.2, false, 'temperature@factory-2'
     FROM generate_series(0, $3::integer - 1) i, (${series}) s`,
    [startUs, devices, history],
  );
  await database.query(
    `INSERT INTO device_latest SELECT device_id, 'temperature', ${instant}, 22, 0.2, false, 'temperature@factory-2', 0.9
     FROM (SELECT $3::integer - 1 AS i) l, (${series}) s`,
    [startUs, devices, history],
  );
  await database.query(
    `INSERT INTO devices SELECT device_id, ${instant}, now() FROM (SELECT $3::integer - 1 AS i) l, (${series}) s`,
    [startUs, devices, history],
  );
  if (anchored > 0) {
    await database.query(
      `INSERT INTO detector_anchors SELECT device_id, 'temperature', ${instant}, ${seriesFormat}, $4
       FROM (SELECT $3::integer - 1 AS i) l, (${series}) s`,
      [startUs, devices, anchored, Buffer.from(serialiseSeries(state))],
    );
  }
  await database.query("VACUUM ANALYZE");
}
