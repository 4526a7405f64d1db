import { expect, test } from "vitest";
import { recipes } from "./empty-state.ts";

test("the lines to copy name the doors as they are", () => {
  const commands = recipes({ mqttHost: "10.0.0.7", mqttPort: 2883, httpUrl: "http://10.0.0.7:9000/" }).map(
    ({ command }) => command,
  );
  expect(commands).toEqual([
    `mosquitto_pub -h 10.0.0.7 -p 2883 -q 1 -t devices/demo-1/telemetry -m '{"temperature":21.4,"humidity":48}'`,
    `curl -X POST http://10.0.0.7:9000/data -H 'content-type: application/json' -d '{"device_id":"demo-1","metrics":[{"type":"temperature","value":21.4}]}'`,
    "npm start -- --simulate",
  ]);
});
