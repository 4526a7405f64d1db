import { rmSync } from "node:fs";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { dataFolder } from "../data-folder.ts";
import { until } from "../harness/local-servers.ts";
import { startProgram } from "../harness/program.ts";

interface Anomalies {
  readonly anomalies: readonly {
    sensorType: string;
    value: number;
    modelVersion: string;
    sentence: string;
  }[];
}

test("an unknown sensor type is stored, gets a model of its own, and has it again after a restart", async () => {
  const dataDir = dataFolder("learned");
  const settings = { DATA_DIR: dataDir, MODEL_MIN_READINGS: "300" };
  const first = startProgram([], settings);
  const addresses = await first.ready();
  const client = await connectAsync(addresses["mqtt"] ?? "");
  const startMs = Date.now() - 600_000;
  const history = Array.from({ length: 600 }, (_, index) => ({
    co2: 420 + 10 * Math.sin(index / 40) + ((index * 7919) % 13) / 3,
    timestamp: startMs + index * 1000,
  }));
  await client.publishAsync("devices/office/telemetry", JSON.stringify(history), { qos: 1 });
  await until("its model is trained", () => first.output().includes('"model trained"'), { withinMs: 30_000 });
  await client.publishAsync("devices/office/telemetry/co2", "2400", { qos: 1 });

  const anomalies = async (url: string) =>
    ((await (await fetch(`${url}/api/v1/anomalies`)).json()) as Anomalies).anomalies;
  expect(await anomalies(addresses["http"] ?? "")).toMatchObject([
    { sensorType: "co2", value: 2400, modelVersion: "co2@1", sentence: expect.stringContaining("2400") },
  ]);
  await client.endAsync(true);
  await first.kill("SIGTERM");

  const second = startProgram([], settings);
  await second.ready();
  expect(second.output()).toContain('"model":"co2@1"');
  await second.kill("SIGTERM");
  rmSync(dataDir, { recursive: true, force: true });
});
