import { parseArgs } from "node:util";
import { isDeviceId, isSensorType } from "../schema/reading.ts";

export interface FleetCommand {
  readonly kind: "fleet";
  readonly mqttUrl: string;
  /** A file with the account to log in with; undefined is what the URL says. */
  readonly account: string | undefined;
  /** Where a legacy client posts beside the fleet; undefined is none. */
  readonly httpUrl: string | undefined;
  readonly httpKey: string | undefined;
  readonly devices: number;
  readonly connections: number;
  readonly intervalMs: number;
  readonly seed: number;
  readonly qos: 0 | 1;
  readonly historySeconds: number;
  readonly faults: boolean;
}

export interface LegacyHttpCommand {
  readonly kind: "legacy-http";
  readonly httpUrl: string;
  /** The key of the door; undefined where it asks for none. */
  readonly httpKey: string | undefined;
  readonly deviceId: string;
  readonly intervalMs: number;
  readonly seed: number;
  readonly faults: boolean;
}

export interface ReplayCommand {
  readonly kind: "replay";
  readonly mqttUrl: string;
  readonly account: string | undefined;
  /** A CSV file; undefined is the recording of the motes. */
  readonly file: string | undefined;
  readonly deviceId: string;
  readonly sensorType: string;
  readonly speed: number;
}

export type Command =
  | FleetCommand
  | LegacyHttpCommand
  | ReplayCommand
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly reason: string };

export const helpText = `Devices to play with.

  fleet        MQTT devices that publish readings, with faults now and then
  legacy-http  the old client: POST /data every two seconds
  replay       a recording over MQTT: four motes of 2010, or a CSV file

  --mqtt-url URL        fleet, replay: the broker (mqtt://127.0.0.1:1883); may name user and password
  --http-url URL        legacy-http: the old door (http://127.0.0.1:8080); fleet: one legacy client beside it
  --account FILE        fleet, replay: who to log in as, in a file as services add prints it
  --http-key KEY        legacy-http, and beside a fleet: the LEGACY_HTTP_KEY of the door
  --url URL             the door that the command speaks to, whichever it is
  --devices N           fleet: how many (8)
  --connections N       fleet: how many connections they share (one each)
  --interval-ms N       between two readings (fleet 1000, legacy-http 2000)
  --history-seconds N   fleet: how much of the past to tell first (300)
  --qos 0|1             fleet: quality of service (1)
  --without-faults      fleet, legacy-http: every sensor stays well
  --seed N              the same seed gives the same signals (1)
  --file PATH           replay: CSV of timestamp,value or timestamp,device_id,sensor_type,value
  --device ID           replay: whose readings a CSV without devices holds (recording); legacy-http: its id (legacy-01)
  --sensor-type TYPE    replay: what a CSV without sensor types holds (value)
  --speed X             replay: how much faster than recorded (60); 0 is as fast as acknowledged
  --help
`;

const text = { type: "string" } as const;
const options = {
  url: text,
  "mqtt-url": text,
  "http-url": text,
  account: text,
  "http-key": text,
  devices: text,
  connections: text,
  "interval-ms": text,
  "history-seconds": text,
  qos: text,
  "without-faults": { type: "boolean" },
  seed: text,
  file: text,
  device: text,
  "sensor-type": text,
  speed: text,
  help: { type: "boolean" },
} as const;

type Values = ReturnType<typeof read>["values"];

function read(args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
}

const understood: Readonly<Record<string, readonly (keyof Values)[]>> = {
  fleet: [
    ...(["url", "mqtt-url", "http-url", "account", "http-key"] as const),
    ...(["devices", "connections", "interval-ms"] as const),
    ...(["history-seconds", "qos", "without-faults", "seed"] as const),
  ],
  "legacy-http": ["url", "http-url", "http-key", "device", "interval-ms", "without-faults", "seed"],
  replay: ["url", "mqtt-url", "account", "file", "device", "sensor-type", "speed"],
};

/** Reads the command line; whatever is wrong with it comes back as one sentence. */
export function parseCommand(args: readonly string[]): Command {
  try {
    const { values, positionals } = read(args);
    if (values.help === true) return { kind: "help" };
    return toCommand(positionals, values);
  } catch (error) {
    // parseArgs and the readers below throw for what the user wrote; its first sentence is the useful one.
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "wrong", reason: message.split(/\. |\n/)[0] ?? message };
  }
}

function toCommand(positionals: readonly string[], values: Values): Command {
  const [name = "", ...rest] = positionals;
  const known = understood[name];
  if (known === undefined || rest.length > 0) {
    const given = positionals.length === 0 ? "nothing" : `"${positionals.join(" ")}"`;
    throw new RangeError(`expected one of fleet, legacy-http, replay; got ${given}`);
  }
  // Object.keys forgets the key type; parseArgs in strict mode lets only known options through.
  const stray = (Object.keys(values) as (keyof Values)[]).find((option) => !known.includes(option));
  if (stray !== undefined) throw new RangeError(`${name} does not understand --${stray}`);
  if (name === "fleet") return toFleet(values);
  return name === "replay" ? toReplay(values) : toLegacyHttp(values);
}

function toFleet(values: Values): FleetCommand {
  const devices = wholeNumber(values, "devices", { standard: 8, low: 1, high: 100_000 });
  const httpUrl = values["http-url"];
  const qos = wholeNumber(values, "qos", { standard: 1, low: 0, high: 1 });
  return {
    kind: "fleet",
    mqttUrl: doorUrl(values, "mqtt-url", "mqtt://127.0.0.1:1883"),
    account: values.account,
    httpKey: keyIn(values),
    httpUrl: httpUrl === undefined ? undefined : checkedUrl("http-url", httpUrl),
    devices,
    connections: wholeNumber(values, "connections", { standard: devices, low: 1, high: 100_000 }),
    intervalMs: wholeNumber(values, "interval-ms", { standard: 1000, low: 10, high: 3_600_000 }),
    seed: wholeNumber(values, "seed", { standard: 1, low: 0, high: 0xffff_ffff }),
    qos: qos === 0 ? 0 : 1,
    historySeconds: wholeNumber(values, "history-seconds", { standard: 300, low: 0, high: 86_400 }),
    faults: values["without-faults"] !== true,
  };
}

function toLegacyHttp(values: Values): LegacyHttpCommand {
  return {
    kind: "legacy-http",
    httpUrl: doorUrl(values, "http-url", "http://127.0.0.1:8080"),
    httpKey: keyIn(values),
    deviceId: named(values, "device", { standard: "legacy-01", isValid: isDeviceId }),
    intervalMs: wholeNumber(values, "interval-ms", { standard: 2000, low: 10, high: 3_600_000 }),
    seed: wholeNumber(values, "seed", { standard: 1, low: 0, high: 0xffff_ffff }),
    faults: values["without-faults"] !== true,
  };
}

function toReplay(values: Values): ReplayCommand {
  if (values.file === undefined && (values.device ?? values["sensor-type"]) !== undefined) {
    throw new RangeError("--device and --sensor-type describe a CSV; name it with --file");
  }
  const speed = Number(values.speed ?? 60);
  if (values.speed === "" || !Number.isFinite(speed) || speed < 0) {
    throw new RangeError(`--speed must be 0 or more, not "${values.speed}"`);
  }
  return {
    kind: "replay",
    mqttUrl: doorUrl(values, "mqtt-url", "mqtt://127.0.0.1:1883"),
    account: values.account,
    file: values.file,
    deviceId: named(values, "device", { standard: "recording", isValid: isDeviceId }),
    sensorType: named(values, "sensor-type", { standard: "value", isValid: isSensorType }),
    speed,
  };
}

/** An empty key is none: docker-compose.yml passes on what .env leaves out. */
function keyIn({ "http-key": key }: Values): string | undefined {
  return key === "" ? undefined : key;
}

const schemes = {
  "mqtt-url": ["mqtt:", "mqtts:", "ws:", "wss:", "tcp:", "tls:"],
  "http-url": ["http:", "https:"],
} as const;

function doorUrl(values: Values, option: keyof typeof schemes, standard: string): string {
  if (values.url !== undefined && values[option] !== undefined) {
    throw new RangeError(`--url and --${option} say the same; give one`);
  }
  return checkedUrl(option, values[option] ?? values.url ?? standard);
}

function checkedUrl(option: keyof typeof schemes, url: string): string {
  const allowed: readonly string[] = schemes[option];
  if (URL.canParse(url) && allowed.includes(new URL(url).protocol) && new URL(url).hostname !== "")
    return url;
  throw new RangeError(`--${option} must be like ${allowed[0]}//host:port, not "${url}"`);
}

function wholeNumber(
  values: Values,
  option: "devices" | "connections" | "interval-ms" | "history-seconds" | "qos" | "seed",
  { standard, low, high }: { readonly standard: number; readonly low: number; readonly high: number },
): number {
  const given = values[option];
  if (given === undefined) return standard;
  const number = Number(given);
  if (/^\d+$/.test(given) && number >= low && number <= high) return number;
  throw new RangeError(`--${option} must be a whole number from ${low} to ${high}, not "${given}"`);
}

function named(
  values: Values,
  option: "device" | "sensor-type",
  { standard, isValid }: { readonly standard: string; readonly isValid: (text: string) => boolean },
): string {
  const given = values[option] ?? standard;
  if (isValid(given)) return given;
  throw new RangeError(`--${option} "${given}" does not fit in one MQTT topic level`);
}
