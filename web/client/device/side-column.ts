import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { DeviceSummary } from "../../../schema/api.ts";
import type { BrowserEvent } from "../../../schema/event.ts";
import { AnomalyBook } from "../anomalies/anomaly-book.ts";
import { element } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import { renderLog } from "./event-log.ts";
import {
  fetchConnection,
  fetchDeviceAlarms,
  fetchDeviceAnomalies,
  fetchDeviceLedger,
  fetchDeviceRejected,
  fetchLatest,
  fetchModels,
} from "./questions.ts";
import { renderLedger, renderModels, renderRejects, section } from "./side.ts";

const askEveryMs = 30_000;
const episodeLimit = 40;

interface SideDeps {
  readonly deviceId: string;
  /** Brings a reading into view. */
  readonly onReveal: (sensorType: string, tsUs: number) => void;
  /** `failure` or `latestUs` may have changed. */
  readonly onChange: () => void;
  readonly onConnection: (connection: DeviceSummary["connection"]) => void;
}

/** Beside the charts: what happened on the device, which models judge it, and what became of what it sent. */
export class SideColumn {
  readonly element: HTMLElement;
  /** The anomalies of the device, each with its sentence and what was expected. */
  readonly anomalies = new AnomalyBook(() => undefined);
  readonly #deps: SideDeps;
  readonly #errands: Errands;
  readonly #log = element("div");
  readonly #models = element("div");
  readonly #ledger = element("div");
  readonly #rejects = element("div");
  readonly #timer: number;
  #alarms: readonly AlarmSummary[] = [];
  #latestUs: number | undefined;
  #sensorTypes: readonly string[] = [];

  constructor(deps: SideDeps) {
    this.#deps = deps;
    this.#errands = new Errands(() => deps.onChange());
    this.element = element("div", { class: "device-side" }, [
      section("Events", this.#log),
      section("Models", this.#models),
      section("Ledger", this.#ledger),
      section("Rejected", this.#rejects),
    ]);
    this.#timer = window.setInterval(() => this.ask(), askEveryMs);
    this.ask();
  }

  /** When the newest reading was made that is stored of the device. */
  get latestUs(): number | undefined {
    return this.#latestUs;
  }

  /** Every sensor that ever said something. */
  get sensorTypes(): readonly string[] {
    return this.#sensorTypes;
  }

  get failure(): string | undefined {
    return this.#errands.failure;
  }

  ask(): void {
    this.#errands.soon("alarms", () => this.#askAlarms(), 0);
    this.#errands.soon("anomalies", () => this.#askAnomalies(), 0);
    this.#errands.soon("latest", () => this.#askLatest(), 0);
    this.#errands.soon("connection", () => this.#askConnection(), 0);
    this.#errands.soon("ledger", () => this.#askLedger(), 0);
    this.#errands.soon("rejects", () => this.#askRejects(), 0);
  }

  /** What was pushed about the device. */
  take(event: BrowserEvent): void {
    if (event.kind === "anomaly") {
      this.anomalies.add([event]);
      this.#showLog();
    }
    if (event.kind === "alarm") this.#errands.soon("alarms", () => this.#askAlarms(), 200);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#errands.stop();
  }

  async #askAlarms(): Promise<void> {
    this.#alarms = (await fetchDeviceAlarms(this.#deps.deviceId)).alarms;
    this.#showLog();
  }

  async #askAnomalies(): Promise<void> {
    const { anomalies } = await fetchDeviceAnomalies(this.#deps.deviceId);
    this.anomalies.add(anomalies.toReversed().map((anomaly) => ({ kind: "anomaly", ...anomaly })));
    this.#showLog();
  }

  async #askLatest(): Promise<void> {
    const { series } = await fetchLatest(this.#deps.deviceId);
    const times = series.flatMap(({ points }) => points.map(([tsUs]) => tsUs));
    this.#latestUs = times.length === 0 ? undefined : Math.max(...times);
    this.#sensorTypes = series.map(({ sensorType }) => sensorType);
    this.#models.replaceChildren(renderModels(await fetchModels(), this.#sensorTypes));
    this.#deps.onChange();
  }

  async #askConnection(): Promise<void> {
    this.#deps.onConnection(await fetchConnection(this.#deps.deviceId));
  }

  async #askLedger(): Promise<void> {
    this.#ledger.replaceChildren(renderLedger(await fetchDeviceLedger(this.#deps.deviceId)));
  }

  async #askRejects(): Promise<void> {
    // Somebody may be reading one of them.
    if (this.#rejects.querySelector("details[open]") !== null) return;
    this.#rejects.replaceChildren(renderRejects(await fetchDeviceRejected(this.#deps.deviceId)));
  }

  #showLog(): void {
    // A row that has the focus would lose it.
    if (this.#log.contains(document.activeElement)) return;
    const { onReveal } = this.#deps;
    this.#log.replaceChildren(
      renderLog(this.anomalies.newestEpisodes(episodeLimit), this.#alarms, { onReveal }),
    );
  }
}
