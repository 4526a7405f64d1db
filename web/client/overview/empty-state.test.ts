import { afterEach, expect, test, vi } from "vitest";
import { recipes } from "./empty-state.ts";

afterEach(() => void vi.unstubAllGlobals());

const doors = { mqttHost: "10.0.0.7", mqttPort: 2883, httpUrl: "http://10.0.0.7:9000/" };
const commandsOf = (needs: { needsCredentials: boolean; needsKey: boolean }) =>
  recipes({ ...doors, ...needs }).map(({ command }) => command);

test("the lines to copy name the doors as they are", () => {
  expect(commandsOf({ needsCredentials: false, needsKey: false })).toEqual([
    `mosquitto_pub -h 10.0.0.7 -p 2883 -q 1 -t devices/demo-1/telemetry -m '{"temperature":21.4,"humidity":48}'`,
    `curl -X POST http://10.0.0.7:9000/data -H 'content-type: application/json' -d '{"device_id":"demo-1","metrics":[{"type":"temperature","value":21.4}]}'`,
    "npm start -- --simulate",
  ]);
});

test("where devices show who they are, one is let in first, and the lines show its credentials", () => {
  vi.stubGlobal("location", { origin: "http://10.0.0.7:8081" });
  const [provision, publish, post, ...more] = commandsOf({ needsCredentials: true, needsKey: true });
  expect(provision).toContain("POST http://10.0.0.7:8081/api/v1/devices -H 'authorization: Bearer TOKEN'");
  expect(publish).toContain(" -i demo-1 -u demo-1 -P PASSWORD ");
  expect(post).toContain(" -H 'x-api-key: KEY' ");
  expect(more).toEqual([]);
});
