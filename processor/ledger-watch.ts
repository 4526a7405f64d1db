import type { LedgerStore, ReadingStream } from "../platform/ports.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { type Ledger, toLedger } from "../schema/ledger.ts";

export interface LedgerWatchDeps {
  readonly stream: ReadingStream;
  readonly ledger: LedgerStore;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Devices whose rows are counted at each look. */
const devicesALook = 10;

/** Looks again and again whether the ledger adds up, in all and against the rows of a few devices in turn, and says so when it does not. */
export class LedgerWatch {
  readonly #deps: LedgerWatchDeps;
  #lastDifference = 0;
  #lastDevice = "";

  constructor(deps: LedgerWatchDeps) {
    this.#deps = deps;
  }

  async look(): Promise<void> {
    const { stream, ledger, log, metrics } = this.#deps;
    const look = await ledger.look(() => stream.tallies());
    // Another processor looks at this moment.
    if (look === null) return;
    const sums = toLedger(look);
    this.#show(sums);
    // Once may be a stream that has just come back with less than it had, which this look has taken note of.
    if (sums.difference !== 0 && this.#lastDifference !== 0) log.error({ ...sums }, "ledger does not add up");
    this.#lastDifference = sums.difference;
    await this.#compare(metrics);
  }

  #show(sums: Ledger): void {
    const { ledgerReadings, ledgerDifference } = this.#deps.metrics;
    ledgerReadings.set({ account: "received" }, sums.received);
    ledgerReadings.set({ account: "stored" }, sums.stored);
    ledgerReadings.set({ account: "duplicate" }, sums.duplicate);
    ledgerReadings.set({ account: "rejected" }, sums.rejected);
    ledgerReadings.set({ account: "in_flight" }, sums.inFlight);
    ledgerDifference.set(sums.difference);
  }

  async #compare(metrics: Metrics): Promise<void> {
    const { ledger, log } = this.#deps;
    const { last, differing } = await ledger.compare({ after: this.#lastDevice, limit: devicesALook });
    this.#lastDevice = last;
    if (differing.length === 0) return;
    metrics.ledgerDeviceMismatches.inc(differing.length);
    for (const device of differing)
      log.error({ ...device }, "rows of a device are not as many as its ledger says");
  }
}
