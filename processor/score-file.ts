import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { codeOf, messageOf, PlatformError } from "../platform/errors.ts";
import { severityOf } from "../schema/scored.ts";
import { sensorTypes } from "../schema/sensors.ts";
import { parseTimestamp } from "../schema/timestamp.ts";
import { readCsvLine, writeCsvLine } from "./csv.ts";
import { learning } from "./explanation.ts";
import { growFactoryModel } from "./factory.ts";
import type { Model } from "./model.ts";
import { scoreReading } from "./score.ts";
import { isWarm, newSeries, type SeriesState } from "./series.ts";

export interface ScoreOrder {
  readonly input: string;
  /** Standard output when it is null. */
  readonly output: string | null;
  /** Any name; those of `schema/sensors.ts` bring a model, a typical and a physical range with them. */
  readonly sensorType: string;
}

const header = "timestamp,value,anomaly_score,is_anomaly,severity,reason";

/**
 * Scores a file of the columns `timestamp,value` as the pipeline would score the readings of one sensor, and writes one line for each: the score
 * from 0 to 100, whether it is an anomaly as 1 or 0, and why. A row that is no reading stays, unscored, with the reason.
 * @throws PlatformError INPUT_UNREADABLE when the file cannot be read, has not these columns, or is the output as well.
 */
export async function scoreFile({ input, output, sensorType }: ScoreOrder): Promise<void> {
  try {
    // Before the output is opened, which empties it.
    if (output !== null && (await areOne(input, output)))
      throw unreadable(`${output} is the same file as ${input}: score cannot write over what it reads`);
    const target = output === null ? process.stdout : createWriteStream(output);
    const lines = createInterface({ input: createReadStream(input), crlfDelay: Number.POSITIVE_INFINITY });
    await pipeline(scoreLines(lines, { sensorType, name: input }), target, { end: output !== null });
  } catch (cause) {
    // Whoever reads the output may have seen enough, as `head` has.
    if (codeOf(cause) === "EPIPE") return;
    if (cause instanceof PlatformError) throw cause;
    throw unreadable(`cannot score ${input}: ${messageOf(cause)}`, cause);
  }
}

/** The lines of the output for the lines of an input, in pieces of any size. */
export async function* scoreLines(
  lines: AsyncIterable<string> | Iterable<string>,
  { sensorType, name }: { sensorType: string; name: string },
): AsyncGenerator<string> {
  const scorer = new SeriesScorer(sensorType);
  let columns: Columns | undefined;
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const fields = readCsvLine(line);
    if (columns === undefined) {
      columns = columnsOf(fields, name);
      yield `${header}\n`;
    } else {
      const timestamp = fields[columns.timestamp] ?? "";
      const value = fields[columns.value] ?? "";
      yield `${writeCsvLine([timestamp, value, ...scorer.score(timestamp, value)])}\n`;
    }
  }
  if (columns === undefined)
    throw unreadable(`${name} is empty: its first line must name timestamp and value`);
}

interface Columns {
  readonly timestamp: number;
  readonly value: number;
}

function columnsOf(fields: readonly string[], name: string): Columns {
  const names = fields.map((field) =>
    field
      .replace(/^\uFEFF/, "")
      .trim()
      .toLowerCase(),
  );
  const [timestamp, value] = [names.indexOf("timestamp"), names.indexOf("value")];
  if (timestamp < 0 || value < 0) {
    throw unreadable(
      `${name} has the columns ${names.join(", ")}; its first line must name timestamp and value`,
    );
  }
  return { timestamp, value };
}

/** [anomaly_score, is_anomaly, severity, reason] */
type Verdict = readonly [score: number, isAnomaly: 0 | 1, severity: string, reason: string];

class SeriesScorer {
  readonly #state: SeriesState;
  readonly #model: Model | undefined;

  constructor(sensorType: string) {
    const type = sensorTypes.get(sensorType);
    this.#state = newSeries(sensorType);
    this.#model = type === undefined ? undefined : growFactoryModel(type);
  }

  score(timestamp: string, text: string): Verdict {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) return [0, 0, "none", "no number"];
    const timestampUs = parseTimestamp(/^\d+(\.\d+)?$/.test(timestamp) ? Number(timestamp) : timestamp);
    if (timestampUs === undefined) return [0, 0, "none", "no timestamp"];
    const { sensorType, count } = this.#state;
    const isCold = !isWarm(this.#state);
    const reading = { deviceId: "file", sensorType, timestampUs, value };
    const { score, isAnomaly, isLate, explanation } = scoreReading(reading, this.#state, this.#model);
    const note = isLate ? "late" : isCold ? learning(count) : "";
    const points = Math.round(score * 10_000) / 100;
    return [points, isAnomaly ? 1 : 0, severityOf(score), explanation?.sentence ?? note];
  }
}

/** Whether two paths lead to one file, by whatever way; the second may lead to none yet. */
async function areOne(input: string, output: string): Promise<boolean> {
  const [read, written] = await Promise.all([stat(input), stat(output).catch(() => undefined)]);
  return read.isFile() && read.ino === written?.ino && read.dev === written.dev;
}

function unreadable(message: string, cause?: unknown): PlatformError {
  return new PlatformError("INPUT_UNREADABLE", message, { cause, retryable: false });
}
