import type { DeviceSummary } from "../../../schema/api.ts";
import type { AnomalyEvent, BrowserEvent } from "../../../schema/event.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { AnomalyBook, countedMs, type KnownEpisode } from "../anomalies/anomaly-book.ts";
import { SeriesBook } from "../charts/series-book.ts";
import { startListKeys } from "../parts/list-keys.ts";
import { find } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import type { Page, Shell } from "../shell/page.ts";
import { anomalyLimit, deviceLimit, fetchAnomalies, fetchDevices } from "../shell/server-api.ts";
import { Backfill } from "./backfill.ts";
import { Board } from "./board.ts";
import { BoardView } from "./board-view.ts";
import { readSnapshot, writeSnapshot } from "./cache.ts";
import { Feed, feedLimit } from "./feed.ts";
import { FleetStrip } from "./fleet-strip.ts";
import { Inbox } from "./inbox.ts";
import { loadCharts } from "./late-charts.ts";
import { overviewLayout } from "./layout.ts";
import { Pins } from "./pins.ts";
import { Settling } from "./settling.ts";
import { Stage } from "./stage.ts";

const saveEveryMs = 20_000;
const refreshEveryMs = 60_000;
/** So long a page that opens waits for the connection, which makes it ask anyway. */
const connectingMs = 300;

/** The first page: what is known, and what happens when the server, the clock or the operator says something. */
export class Overview implements Page {
  readonly title = "Overview";
  readonly element = overviewLayout();
  readonly #settling = new Settling(this.element, ["anomalies", "alarms"]);
  readonly #series = new SeriesBook();
  readonly #anomalies = new AnomalyBook((...sensor) => this.#series.cadenceUs(...sensor));
  readonly #shell: Shell;
  readonly #backfill: Backfill;
  readonly #feed: Feed;
  readonly #inbox: Inbox;
  readonly #board: Board;
  readonly #errands = new Errands(() => {
    this.#showStage();
    this.#showStatus();
  });
  readonly #pins = new Pins();
  readonly #fleet = new FleetStrip();
  readonly #view = new BoardView({
    pins: this.#pins,
    hasAlarm: (id) => this.#inbox.hasAlarm(id),
    nothing: this.#find("#view-empty"),
    onChange: () => this.#showBoard(),
  });
  readonly #timers: readonly number[];
  readonly #stage = new Stage(this.element, this.#errands);
  readonly #endKeys: () => void;
  readonly #deafen: () => void;
  #devices: readonly DeviceSummary[] = [];
  #inactive = 0;
  #storedMs: number | undefined;
  #isAnswered = false;
  #isFeedFull = false;
  #isForgotten = false;

  constructor(shell: Shell) {
    this.#shell = shell;
    const { painter } = shell;
    this.#backfill = new Backfill(shell.live, (series) => this.#takeHistory(series));
    this.#inbox = new Inbox(
      this.element,
      (alarm) => {
        if (!this.#revealOn({ ...alarm, timestampUs: alarm.lastUs })) shell.go(`/alarms/${alarm.id}`);
      },
      () => this.#showBoard(),
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
      pins: this.#pins,
      charts: loadCharts(this.#errands, () => this.#board.redraw()),
      speak: (text: string) => shell.speak(text),
    };
    this.#board = new Board(this.#find("#cards"), deps, () =>
      this.#errands.soon("watch", () => this.#followWindow(), 80),
    );
    this.#find("#view-empty").before(this.#view.element);
    this.#find("#board").prepend(this.#fleet.element);
    this.#paintStored();
    this.#endKeys = startListKeys(this.#find(".feed"), ".feed-item", this.#inbox.obey);
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
    this.refresh(shell.live.isLive ? 0 : connectingMs);
    this.#showStatus();
  }

  stop(): void {
    this.#save();
    removeEventListener("pagehide", this.#save);
    this.#endKeys();
    this.#fleet.stop();
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

  refresh(delayMs = 0): void {
    const settling = this.#settling;
    this.#errands.soon("devices", () => this.#refreshDevices(), delayMs);
    this.#errands.soon("anomalies", () => settling.by("anomalies", this.#refreshAnomalies()), delayMs);
    this.#errands.soon("alarms", () => settling.by("alarms", this.#inbox.refresh()), delayMs);
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

  #catchUp(): void {
    this.#backfill.clear();
    this.refresh();
    this.#errands.soon("watch", () => this.#followWindow(), 0);
  }

  async #refreshDevices(): Promise<void> {
    const { devices, inactive } = await fetchDevices();
    this.#fleet.start();
    this.#isAnswered = true;
    this.#showDevices(
      devices.filter(({ active }) => active),
      inactive,
    );
    if (this.#devices.length === 0) this.#storedMs = undefined;
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

  async #followWindow(): Promise<void> {
    if (!(await this.#backfill.follow(this.#board.near()))) return;
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
    this.#showBoard();
  }

  /** Puts onto the board what is to be seen of the devices. */
  #showBoard(): void {
    this.#board.setDevices(this.#view.of(this.#devices));
    this.#showStage();
  }

  #showStage(): void {
    const hasDevices = this.#devices.length > 0;
    this.#stage.show({
      hasDevices,
      isAnswered: this.#isAnswered,
      failure: this.#errands.failure,
      inactive: this.#inactive,
    });
  }

  #reveal({ deviceId, worst, last }: KnownEpisode): boolean {
    const isThere = this.#revealOn(this.#board.holds(worst) ? worst : last);
    if (!isThere) this.#shell.announcer.say(`${deviceId} is not on the board now.`);
    return isThere;
  }

  /** Shows a reading on the board, where its device may have to be put first. */
  #revealOn(place: Parameters<Board["reveal"]>[0]): boolean {
    if (this.#board.reveal(place)) return true;
    if (!this.#devices.some(({ id }) => id === place.deviceId)) return false;
    this.#view.choose("all");
    return this.#board.reveal(place);
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#board.tick(nowMs);
    this.#feed.tick(nowMs);
    this.#showStatus(nowMs);
  }

  #showStatus(nowMs = Date.now()): void {
    this.#shell.doubt(this, {
      storedMs: this.#storedMs,
      // An empty board has a page of its own for this.
      failure: this.#devices.length > 0 ? this.#errands.failure : undefined,
    });
    this.#shell.count(this, {
      devices: `${this.#devices.length}${this.#devices.length >= deviceLimit ? "+" : ""}`,
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
