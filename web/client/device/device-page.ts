import { Crosshair } from "../charts/crosshair.ts";
import { element } from "../shell/element.ts";
import type { Command, Page, Place, Shell } from "../shell/page.ts";
import { chooseZone, type Zone } from "../shell/zone.ts";
import { DeviceHead } from "./device-head.ts";
import { startDeviceKeys } from "./device-keys.ts";
import { renderEmbedLink } from "./embed-link.ts";
import { besideOf } from "./latest.ts";
import { NoReadings } from "./no-readings.ts";
import { Panels } from "./panels.ts";
import { between, isOpen, parseBound, type Range, usualFrom } from "./range.ts";
import { Recorder } from "./recorder.ts";
import { SensorPicker } from "./sensor-picker.ts";
import { Share } from "./share.ts";
import { queryOf, type Shown, shownOf, withSensor } from "./shown.ts";
import { SideColumn } from "./side-column.ts";
import { Standstill } from "./standstill.ts";
import { type Pace, Toolbar } from "./toolbar.ts";
import { TwinButton } from "./twin-button.ts";

const pointsOf = { least: 300, most: 1500 };

/** A device: a chart per sensor over a range, and beside them what happened, which models judge it, and what became of what it sent. */
export class DevicePage implements Page {
  readonly title: string;
  readonly element: HTMLElement;
  readonly #deviceId: string;
  readonly #shell: Shell;
  readonly #panels: Panels;
  readonly #recorder: Recorder;
  readonly #toolbar: Toolbar;
  readonly #twin = new TwinButton((isShown) => this.#panels.setTwin(isShown));
  readonly #share: Share;
  readonly #head: DeviceHead;
  readonly #picker = new SensorPicker((sensors) => this.#pick(sensors));
  readonly #side: SideColumn;
  readonly #nothing = new NoReadings({
    onGo: (atMs) => this.#zoom(between(atMs - 900_000, atMs + 1000)),
    onAll: () => this.#pick([]),
  });
  readonly #timer: number;
  readonly #endKeys: () => void;
  #shown: Shown;
  readonly #standstill = new Standstill();
  #zooms = 0;
  #failure: string | undefined;

  constructor({ params, query }: Place, shell: Shell) {
    this.#deviceId = params["id"] ?? "";
    this.title = this.#deviceId;
    this.#shell = shell;
    this.#shown = shownOf(query);
    this.#side = new SideColumn({
      deviceId: this.#deviceId,
      live: shell.live,
      onReveal: (type, tsUs) => this.#reveal(type, tsUs),
      onChange: () => {
        this.#showDoubt();
        this.#showNothing();
        this.#picker.show(this.#sensorTypes(), this.#shown.sensors);
      },
      onDevice: (device) => this.#head.show(device),
      onSeen: (atUs) => this.#head.seen(atUs),
    });
    this.#panels = this.#openPanels();
    this.#toolbar = new Toolbar({
      onRange: (range) => this.#zoom(range),
      onZone: (zone) => this.#setZone(zone),
      onCopyRange: () => void this.#share.copyRange(),
      onPlay: () => this.#play(),
    });
    this.#share = this.#openShare();
    const { link, picture, csv, parquet, said } = this.#share;
    const embed = renderEmbedLink(this.#deviceId);
    const tools = [this.#picker.element, this.#twin.element, link, picture, csv, parquet, embed];
    this.#head = new DeviceHead(this.#deviceId, { tools, said, toolbar: this.#toolbar.element });
    this.element = element("div", { class: "device" }, [
      this.#head.element,
      element("div", {}, [this.#nothing.element, this.#panels.element]),
      this.#side.element,
    ]);
    this.#recorder = new Recorder(this.#shown.range, {
      deviceId: this.#deviceId,
      live: shell.live,
      points: () => Math.min(Math.max(this.#panels.element.clientWidth, pointsOf.least), pointsOf.most),
      onChange: (fresh) => this.#takeChange(fresh),
      onFailure: (failure) => {
        this.#failure = failure;
        this.#showDoubt();
      },
    });
    this.#timer = window.setInterval(() => this.#tick(), 1000);
    this.#endKeys = startDeviceKeys({
      onBack: () => this.#back(),
      onPlay: () => this.#play(),
      onTwin: () => this.#twin.toggle(),
      onAnomaly: () => this.#goToAnomaly(),
      onSensors: () => this.#picker.open(),
      onPaste: (text) => this.#toolbar.form.paste(text),
    });
    this.#show();
  }

  #openPanels(): Panels {
    return new Panels({
      shell: this.#shell,
      crosshair: new Crosshair(),
      expectedAt: (type, tsUs) =>
        this.#side.anomalies.find(this.#deviceId, type, tsUs)?.expected ?? undefined,
      sentenceAt: (type, tsUs) => this.#side.anomalies.find(this.#deviceId, type, tsUs)?.sentence,
      onZoom: (fromMs, toMs) => this.#zoom(between(fromMs, toMs)),
      onPan: (byMs) => {
        const { fromMs, toMs } = this.#seen().span;
        this.#zoom(between(fromMs + byMs, toMs + byMs));
      },
      onBack: () => this.#back(),
      onPinch: (fromMs, toMs) => {
        this.#standstill.begin({ ...this.#seen(), span: { fromMs, toMs } }, false);
        this.#panels.show(this.#seen(), this.#shown.sensors, true);
      },
      onHover: (isOver) => this.#hover(isOver),
      besideOf: (type, drawn) => besideOf(drawn, this.#side.latest.of(type), isOpen(this.#shown.range)),
    });
  }

  #openShare(): Share {
    return new Share({
      deviceId: this.#deviceId,
      shell: this.#shell,
      panels: this.#panels,
      shown: () => this.#shown,
      span: () => this.#seen().span,
      isPaused: () => this.#standstill.isPaused,
    });
  }

  follow({ query }: Place): void {
    this.#look(shownOf(query));
  }

  commands(): readonly Command[] {
    return this.#share.commands();
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
    this.#side.stop();
    this.#recorder.stop();
    this.#panels.stop();
  }

  #takeChange(fresh: number): void {
    if (!this.#standstill.isPaused) this.#show();
    else {
      this.#standstill.miss(fresh);
      this.#showToolbar();
    }
  }

  #show(): void {
    this.#panels.show(this.#seen(), this.#shown.sensors);
    this.#picker.show(this.#sensorTypes(), this.#shown.sensors);
    this.#showNothing();
    this.#showToolbar();
  }

  #seen() {
    return this.#standstill.of(() => ({ span: this.#recorder.span(), traces: this.#recorder.traces }));
  }

  #showNothing(): void {
    const { traces, isAnswered } = this.#recorder;
    if (!isAnswered) return;
    this.#panels.element.hidden = this.#nothing.show(traces, this.#shown.sensors, this.#side.latest.newestUs);
  }

  #showToolbar(): void {
    this.#toolbar.show(this.#shown.range, this.#seen().span, this.#pace());
    this.#share.show();
  }

  #setZone(zone: Zone): void {
    chooseZone(zone);
    this.repaint();
    this.#showToolbar();
    this.#side.ask();
  }

  #pace(): Pace {
    if (!isOpen(this.#shown.range)) return { kind: "past" };
    const { isPaused, missed } = this.#standstill;
    return isPaused ? { kind: "paused", missed } : { kind: "live" };
  }

  /** Shows a reading on its chart, in a range around it when it lies outside of what is shown. */
  #reveal(type: string, tsUs: number): void {
    const all = this.#sensorTypes();
    if (all.includes(type)) this.#pick(withSensor(all, this.#shown, { type, isOn: true }));
    const { fromMs, toMs } = this.#seen().span;
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
    this.#shell.doubt(this, { failure: this.#failure ?? this.#side.failure });
  }

  /** To another range, from which "back" leads here. */
  #zoom(range: Range): void {
    this.#zooms += 1;
    const shown = { ...this.#shown, range };
    this.#shell.pushQuery(queryOf(shown));
    this.#look(shown);
  }

  #look(shown: Shown): void {
    this.#standstill.end();
    this.#shown = shown;
    this.#recorder.setRange(shown.range);
    this.#show();
  }

  #pick(sensors: readonly string[]): void {
    if (sensors.join() === this.#shown.sensors.join()) return;
    this.#shown = { ...this.#shown, sensors };
    this.#shell.replaceQuery(queryOf(this.#shown));
    this.#show();
  }

  #sensorTypes(): readonly string[] {
    return [...new Set([...this.#recorder.traces.keys(), ...this.#side.latest.sensorTypes])].sort();
  }

  #back(): void {
    if (this.#zooms === 0) return;
    this.#zooms -= 1;
    history.back();
  }

  #play(): void {
    if (!isOpen(this.#shown.range)) {
      const usual = parseBound(usualFrom);
      if (usual !== undefined) this.#zoom({ from: usual, to: { kind: "ago", ms: 0 } });
      return;
    }
    if (!this.#standstill.isPaused || this.#standstill.isHover) this.#pause(false);
    else this.#resume();
  }

  #pause(isHover: boolean): void {
    this.#standstill.begin(this.#seen(), isHover);
    this.#showToolbar();
  }

  #resume(): void {
    this.#standstill.end();
    this.#show();
  }

  /** A chart that somebody looks at closely does not move away under the pointer. */
  #hover(isOver: boolean): void {
    if (!isOpen(this.#shown.range)) return;
    if (isOver && !this.#standstill.isPaused) this.#pause(true);
    if (!isOver && this.#standstill.isHover) this.#resume();
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#recorder.tick(nowMs);
    this.#head.tick(nowMs);
    this.#panels.tick(nowMs);
    if (!this.#standstill.isPaused && isOpen(this.#shown.range)) this.#show();
  }
}
