import type { DeviceSummary } from "../../../schema/api.ts";
import { type AnomalyEvent, type BrowserEvent, watchLimit } from "../../../schema/event.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { AnomalyBook, countedMs, type KnownEpisode } from "../anomalies/anomaly-book.ts";
import { pointLimit } from "../charts/history.ts";
import { SeriesBook } from "../charts/series-book.ts";
import { find } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import type { Page, Shell } from "../shell/page.ts";
import {
  anomalyLimit,
  deviceLimit,
  fetchAnomalies,
  fetchDevices,
  fetchDoors,
  fetchReadings,
} from "../shell/server-api.ts";
import { Board } from "./board.ts";
import { readSnapshot, writeSnapshot } from "./cache.ts";
import { renderEmptyState } from "./empty-state.ts";
import { Feed, feedLimit } from "./feed.ts";
import { Inbox } from "./inbox.ts";
import { overviewLayout } from "./layout.ts";

const saveEveryMs = 20_000;
const refreshEveryMs = 60_000;
const devicesPerQuestion = 40;

/** The first page: what is known, and what happens when the server, the clock or the operator says something. */
export class Overview implements Page {
  readonly title = "Overview";
  readonly element = overviewLayout();
  readonly #series = new SeriesBook();
  readonly #anomalies = new AnomalyBook((...sensor) => this.#series.cadenceUs(...sensor));
  readonly #shell: Shell;
  readonly #feed: Feed;
  readonly #inbox: Inbox;
  readonly #board: Board;
  readonly #errands = new Errands(() => {
    this.#showStage();
    this.#showStatus();
  });
  readonly #timers: readonly number[];
  readonly #deafen: () => void;
  /** Devices whose history has been merged since the last connect. */
  readonly #complete = new Set<string>();
  #devices: readonly DeviceSummary[] = [];
  #inactive = 0;
  #storedMs: number | undefined;
  #isAnswered = false;
  #isFeedFull = false;
  #isForgotten = false;
  #shownEmpty: string | undefined;

  constructor(shell: Shell) {
    this.#shell = shell;
    const { painter } = shell;
    this.#inbox = new Inbox(this.element, (alarm) =>
      this.#board.reveal({ ...alarm, timestampUs: alarm.lastUs }),
    );
    this.#feed = new Feed({
      within: this.element,
      anomalies: this.#anomalies,
      painter,
      onSelect: (episode) => this.#reveal(episode),
    });
    const deps = {
      series: this.#series,
      anomalies: this.#anomalies,
      painter,
      tooltip: shell.tooltip,
      palette: () => shell.palette(),
      speak: (text: string) => shell.speak(text),
    };
    this.#board = new Board(this.#find("#cards"), deps, () =>
      this.#errands.soon("watch", () => this.#followWindow(), 80),
    );
    this.#paintStored();
    this.#deafen = shell.live.listen({
      onReadings: (batch) => this.#board.takeLive(batch),
      onPresence: (changes) => this.#board.takePresence(changes),
      onEvent: (event) => this.#takeEvent(event),
      onConnect: () => this.#catchUp(),
    });
    this.#find("#failure-retry").addEventListener("click", () => {
      shell.live.retry();
      this.refresh();
    });
    this.#timers = [
      window.setInterval(() => this.#tick(), 1000),
      window.setInterval(() => this.#save(), saveEveryMs),
      // Who is connected is pushed once, and a push can be lost.
      window.setInterval(
        () => this.#errands.soon("devices", () => this.#refreshDevices(), 0),
        refreshEveryMs,
      ),
    ];
    addEventListener("pagehide", this.#save);
    this.refresh();
    this.#showStatus();
  }

  stop(): void {
    this.#save();
    removeEventListener("pagehide", this.#save);
    for (const timer of this.#timers) clearInterval(timer);
    this.#deafen();
    this.#errands.stop();
    this.#inbox.stop();
    this.#board.stop();
    this.#shell.painter.forget(this.#feed);
  }

  repaint(): void {
    this.#board.redraw();
  }

  forget(): void {
    this.#isForgotten = true;
  }

  refresh(): void {
    this.#errands.soon("devices", () => this.#refreshDevices(), 0);
    this.#errands.soon("anomalies", () => this.#refreshAnomalies(), 0);
    this.#errands.soon("alarms", () => this.#inbox.refresh(), 0);
  }

  #find(selector: string): HTMLElement {
    return find(selector, this.element);
  }

  #paintStored(): void {
    const stored = readSnapshot(Date.now());
    if (stored === undefined || stored.devices.length === 0) return;
    this.#storedMs = stored.savedMs;
    this.#takeAnomalies(stored.anomalies, false);
    this.#showDevices(stored.devices, 0);
    this.#takeHistory(stored.series);
  }

  #takeHistory(series: Parameters<Board["takeHistory"]>[0]): void {
    this.#board.takeHistory(series);
    this.#anomalies.regroup(series.map(({ deviceId }) => deviceId));
    this.#feed.request();
  }

  /** After a connect nothing fetched earlier is known to be whole. */
  #catchUp(): void {
    this.#complete.clear();
    this.refresh();
    this.#errands.soon("watch", () => this.#followWindow(), 0);
  }

  async #refreshDevices(): Promise<void> {
    const { devices, inactive } = await fetchDevices();
    this.#isAnswered = true;
    this.#showDevices(
      devices.filter(({ active }) => active),
      inactive,
    );
    if (this.#board.size === 0) this.#storedMs = undefined;
    this.#showStatus();
  }

  async #refreshAnomalies(): Promise<void> {
    const { anomalies } = await fetchAnomalies();
    this.#isFeedFull = anomalies.length === anomalyLimit;
    this.#takeAnomalies(
      anomalies.toReversed().map((anomaly) => ({ kind: "anomaly", ...anomaly })),
      false,
    );
    this.#showStatus();
  }

  /** Watches what is near the window and fetches the history of what was not watched before. */
  async #followWindow(): Promise<void> {
    const near = this.#board.near().slice(0, watchLimit);
    this.#shell.live.watch(near);
    for (const id of this.#complete) if (!near.includes(id)) this.#complete.delete(id);
    const missing = near.filter((id) => !this.#complete.has(id));
    if (missing.length === 0) return;
    for (const id of missing) this.#complete.add(id);
    try {
      await this.#shell.live.settled();
      for (let at = 0; at < missing.length; at += devicesPerQuestion) {
        const { series } = await fetchReadings(missing.slice(at, at + devicesPerQuestion), pointLimit);
        this.#takeHistory(series);
      }
    } catch (cause) {
      for (const id of missing) this.#complete.delete(id);
      throw cause;
    }
    this.#storedMs = undefined;
    this.#showStatus();
  }

  #takeEvent(event: BrowserEvent): void {
    switch (event.kind) {
      case "anomaly":
        this.#takeAnomalies([event], true);
        this.#showStatus();
        return;
      case "alarm":
        this.#inbox.take(event);
        return;
      case "device-active":
        this.#errands.soon("devices", () => this.#refreshDevices(), 300);
        return;
      case "device-inactive":
        this.#showDevices(
          this.#devices.filter(({ id }) => id !== event.deviceId),
          this.#inactive + 1,
        );
        this.#showStatus();
        return;
    }
  }

  #takeAnomalies(events: readonly AnomalyEvent[], isNew: boolean): void {
    const { fresh, begun } = this.#anomalies.add(events);
    for (const event of fresh) this.#board.takeAnomaly(event);
    this.#feed.request(isNew ? begun : []);
    for (const { deviceId, sensorType, worst } of isNew ? begun : []) {
      this.#shell.announcer.say(`Anomaly on ${deviceId}, ${sensorLabel(sensorType)}: ${worst.sentence}`);
    }
  }

  #showDevices(devices: readonly DeviceSummary[], inactive: number): void {
    this.#devices = devices;
    this.#inactive = inactive;
    this.#board.setDevices(devices);
    this.#showStage();
  }

  /** Chooses between the board, the friendly page for a first visit, and the one for a server that is silent. */
  #showStage(): void {
    const isEmpty = this.#board.size === 0;
    const failure = this.#errands.failure;
    this.#find("#loading").hidden = !isEmpty || this.#isAnswered || failure !== undefined;
    this.#find("#failure").hidden = !isEmpty || this.#isAnswered || failure === undefined;
    this.#find("#failure-text").textContent = failure ?? "";
    this.#find("#cards").hidden = isEmpty;
    const host = this.#find("#empty");
    if (isEmpty && this.#isAnswered) {
      this.#errands.soon("empty", () => this.#showEmpty(host), 0);
    } else {
      host.replaceChildren();
      this.#shownEmpty = undefined;
    }
  }

  async #showEmpty(host: HTMLElement): Promise<void> {
    const doors = await fetchDoors();
    const shown = JSON.stringify([doors, this.#inactive]);
    // Left alone when nothing changed: somebody may be about to press one of its buttons.
    if (this.#board.size > 0 || shown === this.#shownEmpty) return;
    this.#shownEmpty = shown;
    host.replaceChildren(renderEmptyState(doors, this.#inactive));
  }

  #reveal({ deviceId, worst, last }: KnownEpisode): boolean {
    const isThere = this.#board.reveal(this.#board.holds(worst) ? worst : last);
    if (!isThere) this.#shell.announcer.say(`${deviceId} is not on the board now.`);
    return isThere;
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#board.tick(nowMs);
    this.#feed.tick(nowMs);
    this.#showStatus(nowMs);
  }

  #showStatus(nowMs = Date.now()): void {
    this.#shell.doubt({
      storedMs: this.#storedMs,
      // An empty board has a page of its own for this.
      failure: this.#board.size > 0 ? this.#errands.failure : undefined,
    });
    this.#shell.count({
      devices: `${this.#board.size}${this.#board.size >= deviceLimit ? "+" : ""}`,
      anomalies: this.#anomalies.countSince((nowMs - countedMs) * 1000),
      anomaliesKnown: this.#isFeedFull ? anomalyLimit : Number.POSITIVE_INFINITY,
    });
  }

  // A property, so that it can be taken off the window again.
  readonly #save = (): void => {
    if (!this.#isAnswered || this.#storedMs !== undefined || this.#isForgotten) return;
    writeSnapshot({
      savedMs: Date.now(),
      devices: this.#devices,
      anomalies: this.#anomalies.newest(feedLimit),
      series: this.#board.series(),
    });
  };
}
