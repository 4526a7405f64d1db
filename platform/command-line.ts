import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { sensorTypes } from "../schema/sensors.ts";
import { type AccessCommand, accessNouns, accessUsage, readAccessCommand } from "./access/access-command.ts";
import { type OperatorCommand, operatorUsage, readOperatorCommand } from "./access/operator-command.ts";
import { type ServiceName, serviceNames } from "./config.ts";
import { messageOf } from "./errors.ts";

const usage = `Usage: node dist/main.js [SERVICE ...] [--simulate]
       node dist/main.js score --input FILE.csv --sensor-type TYPE [--output FILE.csv]
       node dist/main.js model verify TYPE VERSION
       node dist/main.js doctor [--apply]
       node dist/main.js ${[...Object.keys(accessNouns), "operators"].join("|")} VERB ...

  SERVICE      ${serviceNames.join(", ")}; none: the whole platform in one process
  --simulate   also start a small fleet of simulated devices with faults
  --help, --version

The detector on data of your own, without a database: columns timestamp and value in; the score (0 to 100), is_anomaly, severity and
reason beside them out. TYPE is ${[...sensorTypes.keys()].join(", ")}, or any other name.

On the database of DATABASE_URL or, while nothing runs on it, in DATA_DIR:
  model verify   grows a version again from its seed and the readings it learnt from, and compares the bytes
  doctor         says how the database is: versions, TimescaleDB or not, how long a chunk should be; --apply sets that for chunks to come

Who may connect, changed there:
${accessUsage}
Who may use the console and the API, likewise:
${operatorUsage}
Settings come from the environment; .env.example lists them all.
`;

/** What the command line asks for: services to start, or a text to print. */
export type Order =
  | { readonly kind: "start"; readonly services: readonly ServiceName[]; readonly isSimulated: boolean }
  | { readonly kind: "administer"; readonly command: AccessCommand | OperatorCommand }
  | {
      readonly kind: "score";
      readonly input: string;
      readonly output: string | null;
      readonly sensorType: string;
    }
  | { readonly kind: "verify"; readonly sensorType: string; readonly version: number }
  | { readonly kind: "doctor"; readonly isApplied: boolean }
  | { readonly kind: "print"; readonly text: string; readonly exitCode: 0 | 2 };

/** Reads the arguments after the script's name. */
export function readCommandLine(args: readonly string[]): Order {
  try {
    const [noun = ""] = args;
    if (Object.hasOwn(accessNouns, noun) || noun === "operators") {
      const command = noun === "operators" ? readOperatorCommand(args) : readAccessCommand(args);
      return "mistake" in command ? mistake(command.mistake) : { kind: "administer", command };
    }
    if (noun === "score") return readScoreOrder(args.slice(1));
    if (noun === "model") return readModelOrder(args.slice(1));
    if (noun === "doctor") {
      const { values } = parseArgs({ args: args.slice(1), options: { apply: { type: "boolean" } } });
      return { kind: "doctor", isApplied: values.apply === true };
    }
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { simulate: { type: "boolean" }, help: { type: "boolean" }, version: { type: "boolean" } },
    });
    if (values.help === true) return { kind: "print", text: usage, exitCode: 0 };
    if (values.version === true) return { kind: "print", text: `tidemark ${version()}\n`, exitCode: 0 };
    const unknown = positionals.find((name) => !serviceNames.some((service) => service === name));
    if (unknown !== undefined) return mistake(`there is no service ${JSON.stringify(unknown)}`);
    const asked = serviceNames.filter((service) => positionals.includes(service));
    const services = asked.length === 0 ? serviceNames : asked;
    return { kind: "start", services, isSimulated: values.simulate === true };
  } catch (error) {
    return mistake(messageOf(error));
  }
}

function readScoreOrder(args: readonly string[]): Order {
  const text = { type: "string" } as const;
  const options = { input: text, output: text, "sensor-type": text };
  const { input, output = null, "sensor-type": sensorType } = parseArgs({ args: [...args], options }).values;
  if (input === undefined || sensorType === undefined)
    return mistake("score needs --input and --sensor-type");
  if (input === output) return mistake("score cannot write over what it reads");
  return { kind: "score", input, output, sensorType };
}

function readModelOrder(args: readonly string[]): Order {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
  const [verb = "", sensorType = "", version = "", ...more] = positionals;
  if (verb !== "verify") return mistake(`there is no command model ${verb}`.trimEnd());
  if (!/^[1-9]\d{0,8}$/.test(version) || more.length > 0)
    return mistake("model verify takes a sensor type and a version, e.g. model verify co2 2");
  return { kind: "verify", sensorType, version: Number(version) };
}

function mistake(what: string): Order {
  return { kind: "print", text: `tidemark: ${what}\n\n${usage}`, exitCode: 2 };
}

function version(): string {
  const folder = import.meta.url.includes("/dist/") ? "../../" : "../";
  // Our own package.json.
  const manifest = JSON.parse(readFileSync(new URL(`${folder}package.json`, import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
