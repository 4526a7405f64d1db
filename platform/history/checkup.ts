import { adviseChunk, type ChunkAdvice, type ChunkFacts } from "./chunk-advice.ts";

/** What the database says of itself. */
export interface Checkup {
  readonly postgres: string;
  /** The version of the extension in this database; null without. */
  readonly timescale: string | null;
  /** The version that the server could make the extension from; null where it is not installed. */
  readonly timescaleOnDisk: string | null;
  readonly preloaded: string;
  readonly isEmbedded: boolean;
  readonly series: number;
  /** Null without the extension. */
  readonly chunks: ChunkFacts | null;
  /** The extension's own jobs, such as the one that makes old chunks small, that failed when they last ran. */
  readonly failedJobs: readonly FailedJob[];
}

export interface FailedJob {
  readonly id: number;
  readonly name: string;
  readonly error: string | null;
}

export interface CheckupStore {
  look(): Promise<Checkup>;
  /** Of chunks that are made from now on. */
  setChunkHours(hours: number): Promise<void>;
}

/** What `doctor` prints; with `--apply` after it did what it advises. */
export async function checkUp(
  store: CheckupStore,
  { isApplied, node }: { isApplied: boolean; node: string },
): Promise<string> {
  const checkup = await store.look();
  const advice = checkup.chunks === null ? undefined : adviseChunk(checkup.chunks);
  const isNew = advice !== undefined && advice.hours !== checkup.chunks?.currentHours;
  if (isApplied && isNew) await store.setChunkHours(advice.hours);
  return report(checkup, { node, advice, isApplied });
}

/** The lines of a check-up, and what to do about it. */
export function report(
  checkup: Checkup,
  { node, advice, isApplied }: { node: string; advice: ChunkAdvice | undefined; isApplied: boolean },
): string {
  const { postgres, timescale, isEmbedded, series, chunks } = checkup;
  const lines = [
    ["Node", node],
    ["PostgreSQL", isEmbedded ? `${postgres}, embedded` : postgres],
    ["TimescaleDB", timescale ?? `no: ${withoutExtension(checkup)}`],
    ["Series", whole(series)],
  ];
  if (chunks !== null && advice !== undefined) {
    const { readingsADay, readingsADayOfSeries, bytesAReading, cacheBytes, currentHours } = chunks;
    const newest = (readingsADay * bytesAReading * currentHours) / 24;
    lines.push(
      [
        "Readings",
        `${whole(readingsADay)} in the last day, ${whole(readingsADayOfSeries)} of a series in the middle`,
      ],
      [
        "Newest chunk",
        `${megabytes(newest)} when it is full, of ${megabytes(cacheBytes)} the server expects to be cached`,
      ],
      ["Chunk interval", `${whole(currentHours)} h`],
      ["Advised", `${advice.hours} h: ${advice.reason}`],
    );
    if (advice.hours !== currentHours)
      lines.push([
        isApplied ? "Done" : "To do",
        isApplied
          ? `chunks made from now on are ${advice.hours} h long; those there are stay as they are`
          : "doctor --apply sets it for the chunks to come",
      ]);
  }
  for (const { id, name, error } of checkup.failedJobs)
    lines.push([
      "Failed",
      `${name}: ${error ?? "without a word"}; CALL run_job(${id}) in psql does its work and tells more`,
    ]);
  return lines.map(([name = "", text = ""]) => `${name.padEnd(15)} ${text}\n`).join("");
}

function withoutExtension({ isEmbedded, timescaleOnDisk, preloaded }: Checkup): string {
  const instead = "minutes and hours are rolled up in plain tables";
  if (isEmbedded) return `${instead}; set DATABASE_URL for more than some tens of millions of readings`;
  if (timescaleOnDisk === null)
    return `${instead}; install it on the server, and it is used from the next start on`;
  if (!preloaded.includes("timescaledb"))
    return `${instead}; it is installed: add timescaledb to shared_preload_libraries and restart the server`;
  return `${instead}; it is installed and loaded, and is used from the next start of Tidemark on`;
}

function whole(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

function megabytes(bytes: number): string {
  return `${whole(bytes / 2 ** 20)} MB`;
}
