import { watchLimit } from "../../../schema/event.ts";
import { pointLimit } from "../charts/history.ts";
import type { Connection } from "../shell/connection.ts";
import { fetchReadings } from "../shell/server-api.ts";

const devicesPerQuestion = 40;

type Series = Awaited<ReturnType<typeof fetchReadings>>["series"];

/** Watches the devices near the window, and fetches the history of each that was not watched before. */
export class Backfill {
  readonly #live: Connection;
  readonly #onHistory: (series: Series) => void;
  /** Devices whose history has been merged since the last connect. */
  readonly #complete = new Set<string>();

  constructor(live: Connection, onHistory: (series: Series) => void) {
    this.#live = live;
    this.#onHistory = onHistory;
  }

  /** After a connect nothing fetched earlier is known to be whole. */
  clear(): void {
    this.#complete.clear();
  }

  /** False when nothing was missing. */
  async follow(devices: readonly string[]): Promise<boolean> {
    const near = devices.slice(0, watchLimit);
    this.#live.watch(near);
    for (const id of this.#complete) if (!near.includes(id)) this.#complete.delete(id);
    const missing = near.filter((id) => !this.#complete.has(id));
    if (missing.length === 0) return false;
    for (const id of missing) this.#complete.add(id);
    try {
      await this.#live.settled();
      for (let at = 0; at < missing.length; at += devicesPerQuestion) {
        const { series } = await fetchReadings(missing.slice(at, at + devicesPerQuestion), pointLimit);
        this.#onHistory(series);
      }
    } catch (cause) {
      for (const id of missing) this.#complete.delete(id);
      throw cause;
    }
    return true;
  }
}
