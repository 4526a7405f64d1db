import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { DeviceSummary } from "../../../schema/api.ts";
import type { BrowserEvent } from "../../../schema/event.ts";
import { AnomalyBook } from "../anomalies/anomaly-book.ts";
import type { Connection } from "../shell/connection.ts";
import { element } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import { renderLog } from "./event-log.ts";
import { LatestReadings } from "./latest.ts";
import {
  fetchDevice,
  fetchDeviceAlarms,
  fetchDeviceAnomalies,
  fetchDeviceLedger,
  fetchDeviceRejected,
  fetchModels,
} from "./questions.ts";
import { FactList, RejectList, section } from "./side.ts";
import { ledgerFacts, modelFacts } from "./side-words.ts";

/** What is not pushed, or not to everybody, is looked at this often while somebody can see it. */
const lookEveryMs = 10_000;
/** What is pushed as well is asked for anew each so many looks. */
const looksPerReview = 3;
const episodeLimit = 40;

interface SideDeps {
  readonly deviceId: string;
  readonly live: Connection;
  /** Brings a reading into view. */
  readonly onReveal: (sensorType: string, tsUs: number) => void;
  /** `failure` or the newest readings may have changed. */
  readonly onChange: () => void;
  readonly onDevice: (device: DeviceSummary) => void;
  /** It said something, and this is when its newest reading was made. */
  readonly onSeen: (atUs: number) => void;
}

/** Beside the charts: what happened on the device, which models judge it, and what became of what it sent. */
export class SideColumn {
  readonly element: HTMLElement;
  /** The anomalies of the device, each with its sentence and what was expected. */
  readonly anomalies = new AnomalyBook(() => undefined);
  readonly latest: LatestReadings;
  readonly #deps: SideDeps;
  readonly #errands: Errands;
  readonly #log = element("div");
  readonly #models = new FactList("No sensor has said anything yet.");
  readonly #ledger = new FactList("");
  readonly #rejects = new RejectList();
  readonly #timer: number;
  readonly #deafen: () => void;
  #isWell = true;
  #looks = 0;
  #alarms: readonly AlarmSummary[] = [];

  constructor(deps: SideDeps) {
    this.#deps = deps;
    this.latest = new LatestReadings(deps.deviceId);
    this.#errands = new Errands(() => deps.onChange());
    this.element = element("div", { class: "device-side" }, [
      section("Events", this.#log),
      section("Models", this.#models.element),
      section("Ledger", this.#ledger.element),
      section("Rejected", this.#rejects.element),
    ]);
    this.#deafen = this.#listen();
    this.#timer = window.setInterval(() => this.#look(), lookEveryMs);
    document.addEventListener("visibilitychange", this.#look);
    this.ask();
  }

  get failure(): string | undefined {
    return this.#errands.failure;
  }

  ask(): void {
    this.#errands.soon("alarms", () => this.#askAlarms(), 0);
    this.#errands.soon("anomalies", () => this.#askAnomalies(), 0);
    this.#lookAround();
  }

  #lookAround(): void {
    this.#askSoon(0);
    this.#errands.soon("ledger", () => this.#askLedger(), 0);
    this.#errands.soon("rejects", () => this.#askRejects(), 0);
  }

  stop(): void {
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#look);
    this.#deafen();
    this.#errands.stop();
  }

  readonly #look = (): void => {
    if (document.hidden || !this.#deps.live.isLive) return;
    this.#looks += 1;
    if (this.#looks % looksPerReview === 0) this.ask();
    else this.#lookAround();
  };

  #listen(): () => void {
    const { deviceId, live, onSeen } = this.#deps;
    return live.listen({
      onEvent: (event) => event.deviceId === deviceId && this.#take(event),
      onReadings: (batch) => {
        if (!this.latest.hear(batch)) return;
        onSeen(this.latest.newestUs ?? 0);
        // It speaks again, which the database knows a second later at most.
        if (!this.#isWell) this.#askSoon(1000);
      },
      onPresence: (changes) => changes.some((change) => change.deviceId === deviceId) && this.#askSoon(0),
      onConnect: () => this.ask(),
    });
  }

  /** How the device is doing may have changed. */
  #askSoon(delayMs: number): void {
    this.#errands.soon("device", () => this.#askDevice(), delayMs);
  }

  #take(event: BrowserEvent): void {
    if (event.kind === "anomaly") {
      this.anomalies.add([event]);
      this.#showLog();
    }
    if (event.kind === "alarm") this.#errands.soon("alarms", () => this.#askAlarms(), 200);
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

  async #askDevice(): Promise<void> {
    const { deviceId, onDevice, onChange } = this.#deps;
    const device = await fetchDevice(deviceId);
    for (const { type, timestampUs, value } of device?.sensors ?? [])
      this.latest.take(type, { tsUs: timestampUs, value });
    this.#isWell = device?.state === "online";
    if (device !== undefined) onDevice(device);
    onChange();
    this.#models.show(modelFacts((await fetchModels()).types, device?.sensors ?? []));
  }

  async #askLedger(): Promise<void> {
    this.#ledger.show(ledgerFacts(await fetchDeviceLedger(this.#deps.deviceId)));
  }

  async #askRejects(): Promise<void> {
    this.#rejects.show(await fetchDeviceRejected(this.#deps.deviceId));
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
