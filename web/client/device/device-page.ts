import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { BrowserEvent } from "../../../schema/event.ts";
import { AnomalyBook } from "../anomalies/anomaly-book.ts";
import { Crosshair } from "../charts/crosshair.ts";
import { element, setText } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import { formatAge, formatMoment } from "../shell/format.ts";
import { isTyping } from "../shell/keys.ts";
import type { Page, Place, Shell } from "../shell/page.ts";
import { describePresence } from "../shell/presence-words.ts";
import { renderLog } from "./event-log.ts";
import {
  exportAddress,
  fetchDeviceAlarms,
  fetchDeviceAnomalies,
  fetchDeviceLedger,
  fetchDeviceRejected,
  fetchLatest,
  fetchModels,
} from "./questions.ts";
import { between, formatBound, isOpen, parseBound, type Range, rangeOf, type Span, usualFrom } from "./range.ts";
import { Recorder } from "./recorder.ts";
import { SensorPanel } from "./sensor-panel.ts";
import { renderLedger, renderModels, renderRejects, section } from "./side.ts";
import { type Pace, Toolbar } from "./toolbar.ts";
import type { Trace } from "./trace.ts";

const sideEveryMs = 30_000;
const pointsOf = { least: 300, most: 1500 };
const episodeLimit = 40;

/** What is shown while nothing moves. */
interface Still {
  readonly span: Span;
  readonly traces: ReadonlyMap<string, Trace>;
  readonly isHover: boolean;
}

/** A device: a chart per sensor over a range, and beside them what happened, which models judge it, and what became of what it sent. */
export class DevicePage implements Page {
  readonly title: string;
  readonly element: HTMLElement;
  readonly #deviceId: string;
  readonly #shell: Shell;
  readonly #crosshair = new Crosshair();
  readonly #anomalies = new AnomalyBook(() => undefined);
  readonly #panels = new Map<string, SensorPanel>();
  readonly #recorder: Recorder;
  readonly #toolbar: Toolbar;
  readonly #errands = new Errands(() => this.#showDoubt());
  readonly #charts = element("div", { class: "traces" });
  readonly #nothing = element("div", { class: "device-nothing", hidden: "" });
  readonly #presence = element("span", { class: "card-connection" });
  readonly #log = element("div");
  readonly #models = element("div");
  readonly #ledger = element("div");
  readonly #rejects = element("div");
  readonly #timers: readonly number[];
  readonly #deafen: () => void;
  #range: Range;
  #chosen: readonly string[];
  #still: Still | undefined;
  #missed = 0;
  #isTwin = false;
  #zooms = 0;
  #failure: string | undefined;
  #alarms: readonly AlarmSummary[] = [];
  #latestUs: number | undefined;

  constructor({ params, query }: Place, shell: Shell) {
    this.#deviceId = params["id"] ?? "";
    this.title = this.#deviceId;
    this.#shell = shell;
    this.#range = rangeOf(query);
    this.#chosen = chosenOf(query);
    this.#toolbar = new Toolbar({
      onRange: (range) => this.#zoom(range),
      onPlay: () => this.#play(),
      onTwin: (isShown) => this.#setTwin(isShown),
    });
    this.element = element("div", { class: "device" }, [
      element("header", { class: "device-head" }, [
        element("h1", {}, [this.#deviceId]),
        this.#presence,
        this.#toolbar.element,
      ]),
      element("div", { class: "device-main" }, [this.#nothing, this.#charts]),
      element("div", { class: "device-side" }, [
        section("Events", this.#log),
        section("Models", this.#models),
        section("Ledger", this.#ledger),
        section("Rejected", this.#rejects),
      ]),
    ]);
    this.#recorder = new Recorder(this.#range, {
      deviceId: this.#deviceId,
      live: shell.live,
      points: () => Math.min(Math.max(this.#charts.clientWidth, pointsOf.least), pointsOf.most),
      onChange: (fresh) => this.#takeChange(fresh),
      onFailure: (failure) => {
        this.#failure = failure;
        this.#showDoubt();
      },
    });
    this.#deafen = shell.live.listen({
      onEvent: (event) => this.#takeEvent(event),
      onPresence: (changes) => {
        const own = changes.find(({ deviceId }) => deviceId === this.#deviceId);
        if (own !== undefined) this.#showPresence(own);
      },
      onConnect: () => this.#askSide(),
    });
    this.#timers = [
      window.setInterval(() => this.#tick(), 1000),
      window.setInterval(() => this.#askSide(), sideEveryMs),
    ];
    document.addEventListener("keydown", this.#takeKey);
    this.#askSide();
    this.#show();
  }

  follow({ query }: Place): void {
    this.#chosen = chosenOf(query);
    this.#setRange(rangeOf(query));
  }

  repaint(): void {
    for (const panel of this.#panels.values()) panel.draw();
  }

  refresh(): void {
    this.#recorder.ask();
    this.#askSide();
  }

  stop(): void {
    document.removeEventListener("keydown", this.#takeKey);
    for (const timer of this.#timers) clearInterval(timer);
    this.#deafen();
    this.#errands.stop();
    this.#recorder.stop();
    for (const panel of this.#panels.values()) panel.destroy();
  }

  #takeChange(fresh: number): void {
    if (this.#still === undefined) this.#show();
    else {
      this.#missed += fresh;
      this.#showToolbar();
    }
  }

  #takeEvent(event: BrowserEvent): void {
    if (event.deviceId !== this.#deviceId) return;
    if (event.kind === "anomaly") {
      this.#anomalies.add([event]);
      this.#showLog();
    }
    if (event.kind === "alarm") this.#errands.soon("alarms", () => this.#askAlarms(), 200);
  }

  #askSide(): void {
    const { soon } = { soon: this.#errands.soon.bind(this.#errands) };
    soon("alarms", () => this.#askAlarms(), 0);
    soon("anomalies", () => this.#askAnomalies(), 0);
    soon("latest", () => this.#askLatest(), 0);
    soon("ledger", async () => {
      this.#ledger.replaceChildren(renderLedger(await fetchDeviceLedger(this.#deviceId)));
    }, 0);
    soon("rejects", async () => {
      // Somebody may be reading one of them.
      if (this.#rejects.querySelector("details[open]") !== null) return;
      this.#rejects.replaceChildren(renderRejects(await fetchDeviceRejected(this.#deviceId)));
    }, 0);
  }

  async #askAlarms(): Promise<void> {
    this.#alarms = (await fetchDeviceAlarms(this.#deviceId)).alarms;
    this.#showLog();
  }

  async #askAnomalies(): Promise<void> {
    const { anomalies } = await fetchDeviceAnomalies(this.#deviceId);
    this.#anomalies.add(anomalies.toReversed().map((anomaly) => ({ kind: "anomaly", ...anomaly })));
    this.#showLog();
  }

  async #askLatest(): Promise<void> {
    const { series } = await fetchLatest(this.#deviceId);
    const times = series.flatMap(({ points }) => points.map(([tsUs]) => tsUs));
    this.#latestUs = times.length === 0 ? undefined : Math.max(...times);
    const types = series.map(({ sensorType }) => sensorType);
    this.#models.replaceChildren(renderModels(await fetchModels(), types));
    this.#showNothing();
  }

  #show(): void {
    const span = this.#still?.span ?? this.#recorder.span();
    const traces = this.#still?.traces ?? this.#recorder.traces;
    for (const [type, panel] of this.#panels) {
      if (traces.has(type) && this.#isChosen(type)) continue;
      panel.destroy();
      this.#panels.delete(type);
    }
    let isNew = false;
    for (const [type, trace] of traces) {
      if (!this.#isChosen(type)) continue;
      isNew ||= !this.#panels.has(type);
      this.#panelOf(type).show(trace, span);
    }
    if (isNew) this.#arrange();
    this.#showNothing();
    this.#showToolbar();
  }

  #panelOf(type: string): SensorPanel {
    const known = this.#panels.get(type);
    if (known !== undefined) return known;
    const made = new SensorPanel(type, {
      shell: this.#shell,
      crosshair: this.#crosshair,
      expectedAt: (of, tsUs) => this.#anomalies.find(this.#deviceId, of, tsUs)?.expected ?? undefined,
      sentenceAt: (of, tsUs) => this.#anomalies.find(this.#deviceId, of, tsUs)?.sentence,
      onZoom: (fromMs, toMs) => this.#zoom(between(fromMs, toMs)),
      onPan: (byMs) => {
        const { fromMs, toMs } = this.#recorder.span();
        this.#zoom(between(fromMs + byMs, toMs + byMs));
      },
      onBack: () => this.#back(),
      onHover: (isOver) => this.#hover(isOver),
    });
    this.#panels.set(type, made);
    return made;
  }

  #arrange(): void {
    const inOrder = [...this.#panels].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#charts.replaceChildren(...inOrder.map(([, panel]) => panel.element));
    if (this.#isTwin) for (const [, panel] of inOrder) panel.setTwin(true);
  }

  #isChosen(type: string): boolean {
    return this.#chosen.length === 0 || this.#chosen.includes(type);
  }

  #showNothing(): void {
    const traces = [...this.#recorder.traces.values()];
    const isEmpty = traces.every(({ stored, heard }) => stored.length + heard.size === 0);
    this.#nothing.hidden = !(this.#recorder.isAnswered && isEmpty);
    this.#charts.hidden = !this.#nothing.hidden;
    if (this.#nothing.hidden) return;
    const latestUs = this.#latestUs;
    if (latestUs === undefined) {
      this.#nothing.replaceChildren(element("p", {}, ["Nothing was ever heard of this device."]));
      return;
    }
    const age = formatAge(Date.now() - latestUs / 1000);
    const jump = element("button", { type: "button", class: "plain-button" }, ["Go there"]);
    jump.addEventListener("click", () => this.#zoom(between(latestUs / 1000 - 900_000, latestUs / 1000 + 1000)));
    this.#nothing.replaceChildren(
      element("p", {}, [`No readings in this range. The last came ${age}, ${formatMoment(latestUs / 1000)}. `]),
      jump,
    );
  }

  #showPresence(presence: Parameters<typeof describePresence>[0] & { readonly isOnline: boolean }): void {
    setText(this.#presence, presence.isOnline ? "connected" : "not connected");
    this.#presence.dataset["online"] = String(presence.isOnline);
    this.#presence.title = describePresence(presence);
  }

  #showToolbar(): void {
    this.#toolbar.show(this.#range, this.#pace());
    const { fromMs, toMs } = this.#recorder.span();
    const wish = { deviceId: this.#deviceId, fromUs: fromMs * 1000, toUs: toMs * 1000 };
    this.#toolbar.csv.href = exportAddress("csv", wish);
    this.#toolbar.parquet.href = exportAddress("parquet", wish);
  }

  #pace(): Pace {
    if (!isOpen(this.#range)) return { kind: "past" };
    return this.#still === undefined ? { kind: "live" } : { kind: "paused", missed: this.#missed };
  }

  #showLog(): void {
    const episodes = this.#anomalies.newestEpisodes(episodeLimit);
    const hadFocus = this.#log.contains(document.activeElement);
    if (hadFocus) return;
    this.#log.replaceChildren(
      renderLog(episodes, this.#alarms, { onReveal: (type, tsUs) => this.#reveal(type, tsUs) }),
    );
  }

  /** Shows a reading on its chart, in a range around it when it lies outside of what is shown. */
  #reveal(type: string, tsUs: number): void {
    const { fromMs, toMs } = this.#still?.span ?? this.#recorder.span();
    const atMs = tsUs / 1000;
    if (atMs >= fromMs && atMs <= toMs) this.#panels.get(type)?.goTo(tsUs);
    else this.#zoom(between(atMs - 300_000, atMs + 300_000));
  }

  #showDoubt(): void {
    this.#shell.doubt({ failure: this.#failure ?? this.#errands.failure });
  }

  /** To another range, from which "back" leads here. */
  #zoom(range: Range): void {
    this.#zooms += 1;
    const sensors = this.#chosen.length === 0 ? undefined : this.#chosen.join(",");
    this.#shell.pushQuery({ from: formatBound(range.from), to: toText(range), s: sensors });
    this.#setRange(range);
  }

  #setRange(range: Range): void {
    this.#still = undefined;
    this.#missed = 0;
    this.#range = range;
    this.#recorder.setRange(range);
    this.#show();
  }

  #back(): void {
    if (this.#zooms === 0) return;
    this.#zooms -= 1;
    history.back();
  }

  #play(): void {
    if (!isOpen(this.#range)) {
      const usual = parseBound(usualFrom);
      if (usual !== undefined) this.#zoom({ from: usual, to: { kind: "ago", ms: 0 } });
      return;
    }
    if (this.#still === undefined || this.#still.isHover) this.#pause(false);
    else this.#resume();
  }

  #pause(isHover: boolean): void {
    const { span, traces } = this.#still ?? { span: this.#recorder.span(), traces: this.#recorder.traces };
    this.#still = { span, traces: new Map(traces), isHover };
    this.#showToolbar();
  }

  #resume(): void {
    this.#still = undefined;
    this.#missed = 0;
    this.#show();
  }

  /** A chart that somebody looks at closely does not move away under the pointer. */
  #hover(isOver: boolean): void {
    if (!isOpen(this.#range)) return;
    if (isOver && this.#still === undefined) this.#pause(true);
    if (!isOver && this.#still?.isHover === true) this.#resume();
  }

  #setTwin(isShown: boolean): void {
    this.#isTwin = isShown;
    for (const panel of this.#panels.values()) panel.setTwin(isShown);
  }

  #tick(): void {
    this.#recorder.tick(Date.now());
    if (this.#still === undefined && isOpen(this.#range)) this.#show();
  }

  readonly #takeKey = (event: KeyboardEvent): void => {
    if (isTyping(event)) return;
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.#back();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === " " && !isPressing(event)) this.#play();
    else if (event.key === "t") this.#toolbar.toggleTwin();
    else return;
    event.preventDefault();
  };
}

function toText(range: Range): string | undefined {
  return isOpen(range) ? undefined : formatBound(range.to);
}

function chosenOf(query: URLSearchParams): readonly string[] {
  return (query.get("s") ?? "").split(",").filter((type) => type !== "");
}

/** The space bar means something else on what can be pressed. */
function isPressing({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest("button, a, summary, [role=region]") !== null;
}
