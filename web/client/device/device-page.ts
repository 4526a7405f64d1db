import type { DeviceSummary } from "../../../schema/api.ts";
import { Crosshair } from "../charts/crosshair.ts";
import { element, setText } from "../shell/element.ts";
import type { Page, Place, Shell } from "../shell/page.ts";
import { describePresence } from "../shell/presence-words.ts";
import { startDeviceKeys } from "./device-keys.ts";
import { renderEmbedLink } from "./embed-link.ts";
import { renderNoReadings } from "./no-readings.ts";
import { Panels } from "./panels.ts";
import { exportAddress } from "./questions.ts";
import {
  between,
  formatBound,
  isOpen,
  parseBound,
  type Range,
  rangeOf,
  type Span,
  usualFrom,
} from "./range.ts";
import { Recorder } from "./recorder.ts";
import { SideColumn } from "./side-column.ts";
import { type Pace, Toolbar } from "./toolbar.ts";
import type { Trace } from "./trace.ts";

const pointsOf = { least: 300, most: 1500 };

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
  readonly #panels: Panels;
  readonly #recorder: Recorder;
  readonly #toolbar: Toolbar;
  readonly #side: SideColumn;
  readonly #nothing = element("div", { class: "device-nothing", hidden: "" });
  readonly #presence = element("span", { class: "card-connection" });
  readonly #timer: number;
  readonly #endKeys: () => void;
  readonly #deafen: () => void;
  #range: Range;
  #chosen: readonly string[];
  #still: Still | undefined;
  #missed = 0;
  #zooms = 0;
  #failure: string | undefined;

  constructor({ params, query }: Place, shell: Shell) {
    this.#deviceId = params["id"] ?? "";
    this.title = this.#deviceId;
    this.#shell = shell;
    this.#range = rangeOf(query);
    this.#chosen = chosenOf(query);
    this.#side = new SideColumn({
      deviceId: this.#deviceId,
      onReveal: (type, tsUs) => this.#reveal(type, tsUs),
      onChange: () => {
        this.#showDoubt();
        this.#showNothing();
      },
      onConnection: (connection) => this.#showPresence(connection),
    });
    this.#panels = new Panels({
      shell,
      crosshair: new Crosshair(),
      expectedAt: (type, tsUs) =>
        this.#side.anomalies.find(this.#deviceId, type, tsUs)?.expected ?? undefined,
      sentenceAt: (type, tsUs) => this.#side.anomalies.find(this.#deviceId, type, tsUs)?.sentence,
      onZoom: (fromMs, toMs) => this.#zoom(between(fromMs, toMs)),
      onPan: (byMs) => {
        const { fromMs, toMs } = this.#recorder.span();
        this.#zoom(between(fromMs + byMs, toMs + byMs));
      },
      onBack: () => this.#back(),
      onHover: (isOver) => this.#hover(isOver),
    });
    this.#toolbar = new Toolbar({
      onRange: (range) => this.#zoom(range),
      onPlay: () => this.#play(),
      onTwin: (isShown) => this.#panels.setTwin(isShown),
    });
    this.element = element("div", { class: "device" }, [
      element("header", { class: "device-head" }, [
        element("h1", {}, [this.#deviceId]),
        this.#presence,
        renderEmbedLink(this.#deviceId),
        this.#toolbar.element,
      ]),
      element("div", { class: "device-main" }, [this.#nothing, this.#panels.element]),
      this.#side.element,
    ]);
    this.#recorder = new Recorder(this.#range, {
      deviceId: this.#deviceId,
      live: shell.live,
      points: () => Math.min(Math.max(this.#panels.element.clientWidth, pointsOf.least), pointsOf.most),
      onChange: (fresh) => this.#takeChange(fresh),
      onFailure: (failure) => {
        this.#failure = failure;
        this.#showDoubt();
      },
    });
    this.#deafen = shell.live.listen({
      onEvent: (event) => event.deviceId === this.#deviceId && this.#side.take(event),
      onPresence: (changes) => {
        const own = changes.find(({ deviceId }) => deviceId === this.#deviceId);
        if (own !== undefined) this.#showPresence(own);
      },
      onConnect: () => this.#side.ask(),
    });
    this.#timer = window.setInterval(() => this.#tick(), 1000);
    this.#endKeys = startDeviceKeys({
      onBack: () => this.#back(),
      onPlay: () => this.#play(),
      onTwin: () => this.#toolbar.toggleTwin(),
      onAnomaly: () => this.#goToAnomaly(),
    });
    this.#show();
  }

  follow({ query }: Place): void {
    this.#chosen = chosenOf(query);
    this.#setRange(rangeOf(query));
  }

  repaint(): void {
    this.#panels.redraw();
  }

  refresh(): void {
    this.#recorder.ask();
    this.#side.ask();
  }

  stop(): void {
    this.#endKeys();
    clearInterval(this.#timer);
    this.#deafen();
    this.#side.stop();
    this.#recorder.stop();
    this.#panels.stop();
  }

  #takeChange(fresh: number): void {
    if (this.#still === undefined) this.#show();
    else {
      this.#missed += fresh;
      this.#showToolbar();
    }
  }

  #show(): void {
    const span = this.#still?.span ?? this.#recorder.span();
    const traces = this.#still?.traces ?? this.#recorder.traces;
    this.#panels.show(traces, span, this.#chosen);
    this.#showNothing();
    this.#showToolbar();
  }

  #showNothing(): void {
    const traces = [...this.#recorder.traces.values()];
    const isEmpty = traces.every(({ stored, heard }) => stored.length + heard.size === 0);
    this.#nothing.hidden = !(this.#recorder.isAnswered && isEmpty);
    this.#panels.element.hidden = !this.#nothing.hidden;
    if (this.#nothing.hidden) return;
    const goTo = (atMs: number): void => this.#zoom(between(atMs - 900_000, atMs + 1000));
    this.#nothing.replaceChildren(...renderNoReadings(this.#side.latestUs, goTo));
  }

  #showPresence(presence: DeviceSummary["connection"]): void {
    if (presence === null) return;
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

  /** Shows a reading on its chart, in a range around it when it lies outside of what is shown. */
  #reveal(type: string, tsUs: number): void {
    const { fromMs, toMs } = this.#still?.span ?? this.#recorder.span();
    const atMs = tsUs / 1000;
    if (atMs >= fromMs && atMs <= toMs) this.#panels.goTo(type, tsUs);
    else this.#zoom(between(atMs - 300_000, atMs + 300_000));
  }

  /** To the newest anomaly of the first chart that has one. */
  #goToAnomaly(): void {
    for (const [type, { marks }] of this.#recorder.traces) {
      const newestUs = [...marks.keys()].at(-1);
      if (newestUs !== undefined && this.#panels.goTo(type, newestUs)) return;
    }
    this.#shell.speak("No anomaly in this range.");
  }

  #showDoubt(): void {
    this.#shell.doubt({ failure: this.#failure ?? this.#side.failure });
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

  #tick(): void {
    this.#recorder.tick(Date.now());
    if (this.#still === undefined && isOpen(this.#range)) this.#show();
  }
}

function toText(range: Range): string | undefined {
  return isOpen(range) ? undefined : formatBound(range.to);
}

function chosenOf(query: URLSearchParams): readonly string[] {
  return (query.get("s") ?? "").split(",").filter((type) => type !== "");
}
