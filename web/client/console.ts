import type { DeviceSummary } from "../../schema/api.ts";
import { type AnomalyEvent, type BrowserEvent, watchLimit } from "../../schema/event.ts";
import { sensorLabel } from "../../schema/sensors.ts";
import { Announcer } from "./announcer.ts";
import { AnomalyBook, countedMs, type KnownEpisode } from "./anomaly-book.ts";
import { Board } from "./board.ts";
import { forgetSnapshot, readSnapshot, writeSnapshot } from "./cache.ts";
import { Connection } from "./connection.ts";
import { find, setText } from "./element.ts";
import { renderEmptyState } from "./empty-state.ts";
import { Errands } from "./errands.ts";
import { Feed, feedLimit } from "./feed.ts";
import { pointLimit } from "./history.ts";
import { Inbox } from "./inbox.ts";
import { Painter } from "./painter.ts";
import { SeriesBook } from "./series-book.ts";
import {
  anomalyLimit,
  checkSession,
  deviceLimit,
  fetchAnomalies,
  fetchDevices,
  fetchDoors,
  fetchReadings,
} from "./server-api.ts";
import { onSignedIn } from "./signing.ts";
import { StatusBar } from "./status-bar.ts";
import { readPalette } from "./theme.ts";
import { Tooltip } from "./tooltip.ts";

const saveEveryMs = 20_000;
const refreshEveryMs = 60_000;
const devicesPerQuestion = 40;

/** The page: what is known, and what happens when the server, the clock or the operator says something. */
export class Console {
  readonly #series = new SeriesBook();
  readonly #anomalies = new AnomalyBook((...sensor) => this.#series.cadenceUs(...sensor));
  readonly #painter = new Painter();
  readonly #feed = new Feed({
    anomalies: this.#anomalies,
    painter: this.#painter,
    onSelect: (episode) => this.#reveal(episode),
  });
  readonly #inbox = new Inbox((alarm) => this.#board.reveal({ ...alarm, timestampUs: alarm.lastUs }));
  readonly #status = new StatusBar();
  readonly #announcer = new Announcer(find("#announcer"));
  readonly #board: Board;
  readonly #connection: Connection;
  readonly #errands = new Errands(() => {
    this.#showStage();
    this.#showStatus();
  });
  /** Devices whose history has been merged since the last connect. */
  readonly #complete = new Set<string>();
  #palette = readPalette();
  #devices: readonly DeviceSummary[] = [];
  #inactive = 0;
  #storedMs: number | undefined;
  #isAnswered = false;
  #isFeedFull = false;
  #isForgotten = false;
  #shownEmpty: string | undefined;

  constructor() {
    const deps = {
      series: this.#series,
      anomalies: this.#anomalies,
      painter: this.#painter,
      tooltip: new Tooltip(),
      palette: () => this.#palette,
      speak: (text: string) => setText(find("#spoken"), text),
    };
    this.#board = new Board(find("#cards"), deps, () =>
      this.#errands.soon("watch", () => this.#followWindow(), 80),
    );
    this.#paintStored();
    this.#connection = new Connection({
      onReadings: (batch) => this.#board.takeLive(batch),
      onPresence: (changes) => this.#board.takePresence(changes),
      onEvent: (event) => this.#takeEvent(event),
      onConnect: () => this.#catchUp(),
      onRefused: checkSession,
      onDisconnect: () => {
        checkSession();
        this.#showStatus();
        this.#announcer.say("Connection lost. Values are stale.");
      },
    });
  }

  start(): void {
    onSignedIn(() => {
      this.#connection.retry();
      this.#refresh();
    });
    for (const button of ["#banner-retry", "#failure-retry"]) {
      find(button).addEventListener("click", () => {
        this.#connection.retry();
        this.#refresh();
      });
    }
    this.#refresh();
    setInterval(() => this.#tick(), 1000);
    setInterval(() => this.#save(), saveEveryMs);
    // Who is connected is pushed once, and a push can be lost.
    setInterval(() => this.#errands.soon("devices", () => this.#refreshDevices(), 0), refreshEveryMs);
    addEventListener("pagehide", () => this.#save());
    this.#showStatus();
    addEventListener("online", () => this.#connection.retry());
    addEventListener("offline", () => this.#showStatus());
  }

  /** In the colours of the theme that is shown now. */
  repaint(): void {
    this.#palette = readPalette();
    this.#board.redraw();
  }

  /** Leaves nothing in the browser of what was shown. */
  forget(): void {
    this.#isForgotten = true;
    forgetSnapshot();
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
    this.#announcer.say("Connected.");
    this.#refresh();
    this.#errands.soon("watch", () => this.#followWindow(), 0);
  }

  #refresh(): void {
    this.#errands.soon("devices", () => this.#refreshDevices(), 0);
    this.#errands.soon("anomalies", () => this.#refreshAnomalies(), 0);
    this.#errands.soon("alarms", () => this.#inbox.refresh(), 0);
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
    this.#connection.watch(near);
    for (const id of this.#complete) if (!near.includes(id)) this.#complete.delete(id);
    const missing = near.filter((id) => !this.#complete.has(id));
    if (missing.length === 0) return;
    for (const id of missing) this.#complete.add(id);
    try {
      await this.#connection.settled();
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
      this.#announcer.say(`Anomaly on ${deviceId}, ${sensorLabel(sensorType)}: ${worst.sentence}`);
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
    find("#loading").hidden = !isEmpty || this.#isAnswered || failure !== undefined;
    find("#failure").hidden = !isEmpty || this.#isAnswered || failure === undefined;
    find("#failure-text").textContent = failure ?? "";
    find("#cards").hidden = isEmpty;
    const host = find("#empty");
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
    if (!isThere) this.#announcer.say(`${deviceId} is not on the board now.`);
    return isThere;
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#board.tick(nowMs);
    this.#feed.tick(nowMs);
    this.#showStatus(nowMs);
  }

  #showStatus(nowMs = Date.now()): void {
    this.#status.show(
      {
        connection: this.#connection.state(nowMs),
        storedMs: this.#storedMs,
        // An empty board has a page of its own for this.
        failure: this.#board.size > 0 ? this.#errands.failure : undefined,
        devices: `${this.#board.size}${this.#board.size >= deviceLimit ? "+" : ""}`,
        anomalies: this.#anomalies.countSince((nowMs - countedMs) * 1000),
        anomaliesKnown: this.#isFeedFull ? anomalyLimit : Number.POSITIVE_INFINITY,
      },
      nowMs,
    );
  }

  #save(): void {
    if (!this.#isAnswered || this.#storedMs !== undefined || this.#isForgotten) return;
    writeSnapshot({
      savedMs: Date.now(),
      devices: this.#devices,
      anomalies: this.#anomalies.newest(feedLimit),
      series: this.#board.series(),
    });
  }
}
