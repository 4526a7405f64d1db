import { LatestReadings } from "../device/latest.ts";
import { fetchLatest } from "../device/questions.ts";
import { isOpen } from "../device/range.ts";
import { Recorder } from "../device/recorder.ts";
import { Connection } from "../shell/connection.ts";
import { describeConnection } from "../shell/connection-state.ts";
import { arrange, element, setAttribute, setText } from "../shell/element.ts";
import { Errands } from "../shell/errands.ts";
import { Painter } from "../shell/painter.ts";
import { type Palette, readPalette } from "../shell/theme.ts";
import type { EmbedAddress } from "./embed-address.ts";
import { EmbedChart } from "./embed-chart.ts";

const pointsOf = { least: 300, most: 1500 };
const noReadings = "There are no readings in this time.";

/** The charts of one device, live, for a page elsewhere: without the console around them, and without anything that could be done. */
export class EmbedPage {
  readonly element: HTMLElement;
  readonly #asked: EmbedAddress;
  readonly #painter = new Painter();
  readonly #live: Connection;
  readonly #recorder: Recorder;
  readonly #latest: LatestReadings;
  readonly #errands = new Errands(() => this.#show());
  readonly #charts = new Map<string, EmbedChart>();
  readonly #traces = element("div", { class: "traces" });
  readonly #state = element("span");
  readonly #badge = element("p", { class: "badge" }, [
    element("span", { class: "badge-dot", "aria-hidden": "true" }),
    this.#state,
  ]);
  readonly #said = element("p", { class: "embed-said", role: "status" });
  #palette: Palette = readPalette();
  #failure: string | undefined;

  constructor(asked: EmbedAddress, token: string) {
    this.#asked = asked;
    this.#live = new Connection({}, { protocols: token });
    this.element = element("main", { class: "embed" }, [
      element("header", { class: "embed-head" }, [element("h1", {}, [asked.deviceId]), this.#badge]),
      this.#said,
      this.#traces,
    ]);
    this.#recorder = new Recorder(asked.range, {
      deviceId: asked.deviceId,
      live: this.#live,
      points: () => Math.min(Math.max(this.#traces.clientWidth, pointsOf.least), pointsOf.most),
      onChange: () => this.#show(),
      onFailure: (failure) => {
        this.#failure = failure;
        this.#show();
      },
    });
    this.#latest = new LatestReadings(asked.deviceId);
    this.#live.listen({
      onReadings: (batch) => this.#latest.hear(batch),
      onConnect: () => {
        this.#show();
        this.#errands.soon("latest", () => this.#askLatest(), 0);
      },
      onDisconnect: () => this.#show(),
    });
    setInterval(() => this.#tick(), 1000);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    this.#show();
  }

  repaint(): void {
    this.#palette = readPalette();
    for (const chart of this.#charts.values()) chart.draw();
  }

  /** What comes later is pushed. */
  async #askLatest(): Promise<void> {
    const { series } = await fetchLatest(this.#asked.deviceId);
    for (const { sensorType, points } of series)
      for (const [tsUs, value] of points) this.#latest.take(sensorType, { tsUs, value });
    this.#show();
  }

  #tick(): void {
    this.#recorder.tick(Date.now());
    this.#show();
  }

  #show(): void {
    const { sensors } = this.#asked;
    const state = this.#live.state(Date.now());
    setAttribute(this.#badge, "data-connection", state.kind);
    document.documentElement.toggleAttribute(
      "data-stale",
      state.kind !== "live" && isOpen(this.#asked.range),
    );
    setText(this.#state, describeConnection(state));
    const span = this.#recorder.span();
    const traces = [...this.#recorder.traces].filter(
      ([type]) => sensors.length === 0 || sensors.includes(type),
    );
    for (const [type, trace] of traces) this.#chartOf(type).show(trace, span);
    arrange(
      this.#traces,
      traces.map(([type]) => this.#chartOf(type)),
    );
    const isEmpty = this.#recorder.isAnswered && traces.length === 0;
    setText(this.#said, this.#failure ?? this.#errands.failure ?? (isEmpty ? noReadings : ""));
  }

  #chartOf(type: string): EmbedChart {
    const known = this.#charts.get(type);
    if (known !== undefined) return known;
    const made = new EmbedChart(type, {
      painter: this.#painter,
      palette: () => this.#palette,
      latest: (sensorType) => this.#latest.of(sensorType),
      isOpen: isOpen(this.#asked.range),
    });
    this.#charts.set(type, made);
    return made;
  }
}
