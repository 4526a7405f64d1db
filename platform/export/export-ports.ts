import type { ExportedRun } from "../../schema/export.ts";

export interface ExportQuery {
  /** Undefined: all there are. */
  readonly deviceIds?: readonly string[] | undefined;
  readonly sensorTypes?: readonly string[] | undefined;
  /** From here on, microseconds since the epoch. */
  readonly fromUs: number;
  /** And before this. */
  readonly toUs: number;
}

/** The readings on their way out. */
export interface ReadingExport {
  /**
   * By device, sensor and time, a bounded number at a time; whoever stops taking them stops the reading. What is stored meanwhile may
   * be in it or not, and no reading is in it twice.
   * @throws PlatformError STORE_DOWN
   */
  runs(query: ExportQuery): AsyncGenerator<ExportedRun>;
  /** The same as lines of CSV, many at a time: written by the database, so that nothing is made of each reading here. */
  lines(query: ExportQuery): AsyncGenerator<string>;
}
