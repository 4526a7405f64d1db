import { expect, test } from "vitest";
import { parseCommand } from "./command-line.ts";

const parse = (line: string) => parseCommand(line === "" ? [] : line.split(" "));

test("a bare command has the defaults of the demo", () => {
  expect(parse("fleet")).toEqual({
    kind: "fleet",
    mqttUrl: "mqtt://127.0.0.1:1883",
    httpUrl: undefined,
    devices: 8,
    connections: 8,
    intervalMs: 1000,
    seed: 1,
    qos: 1,
    historySeconds: 300,
    faults: true,
  });
  expect(parse("legacy-http")).toMatchObject({ httpUrl: "http://127.0.0.1:8080", intervalMs: 2000 });
  expect(parse("replay")).toMatchObject({ file: undefined, speed: 60 });
});

test("the platform's own call is understood", () => {
  const line = "fleet --mqtt-url mqtt://127.0.0.1:1884 --http-url http://127.0.0.1:8081";
  expect(parse(line)).toMatchObject({ mqttUrl: "mqtt://127.0.0.1:1884", httpUrl: "http://127.0.0.1:8081" });
});

test("--url means the door that the command speaks to", () => {
  expect(parse("replay --url ws://h:1")).toMatchObject({ mqttUrl: "ws://h:1" });
  expect(parse("legacy-http --url http://h:1")).toMatchObject({ httpUrl: "http://h:1" });
});

test("--help is heard wherever it stands", () => {
  expect(parse("--help")).toEqual({ kind: "help" });
  expect(parse("fleet --help")).toEqual({ kind: "help" });
});

test.each([
  ["", "expected one of fleet, legacy-http, replay; got nothing"],
  ["flet", 'expected one of fleet, legacy-http, replay; got "flet"'],
  ["fleet twice", 'expected one of fleet, legacy-http, replay; got "fleet twice"'],
  ["fleet --frobnicate", "Unknown option '--frobnicate'"],
  ["fleet --devices 0", '--devices must be a whole number from 1 to 100000, not "0"'],
  ["fleet --devices 1e3", '--devices must be a whole number from 1 to 100000, not "1e3"'],
  ["fleet --qos 2", '--qos must be a whole number from 0 to 1, not "2"'],
  ["fleet --url http://h", '--mqtt-url must be like mqtt://host:port, not "http://h"'],
  ["fleet --url mqtt://a --mqtt-url mqtt://b", "--url and --mqtt-url say the same; give one"],
  ["fleet --http-url 8080", '--http-url must be like http://host:port, not "8080"'],
  ["fleet --speed 3", "fleet does not understand --speed"],
  ["replay --speed fast", '--speed must be 0 or more, not "fast"'],
  ["replay --device a", "--device and --sensor-type describe a CSV; name it with --file"],
  ["replay --file a.csv --device a/b", '--device "a/b" does not fit in one MQTT topic level'],
])("%j is refused in one sentence", (line, reason) => {
  expect(parse(line)).toEqual({ kind: "wrong", reason });
});
