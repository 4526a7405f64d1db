import type { PicturedChart } from "../charts/picture.ts";
import type { Span } from "../charts/span.ts";
import { arrange, element } from "../shell/element.ts";
import { type PanelDeps, SensorPanel } from "./sensor-panel.ts";
import type { Trace } from "./trace.ts";

/** The charts of a device, one for each sensor, in the order of their names. */
export class Panels {
  readonly element = element("div", { class: "traces" });
  readonly #deps: PanelDeps;
  readonly #panels = new Map<string, SensorPanel>();
  #isTwin = false;

  constructor(deps: PanelDeps) {
    this.#deps = deps;
  }

  /** Has a chart for each of the traces that is among the chosen sensors, or for all when none is chosen. */
  show(
    { span, traces }: { readonly span: Span; readonly traces: ReadonlyMap<string, Trace> },
    chosen: readonly string[],
    isUrgent = false,
  ): void {
    const isWanted = (type: string): boolean => chosen.length === 0 || chosen.includes(type);
    for (const [type, panel] of this.#panels) {
      if (traces.has(type) && isWanted(type)) continue;
      panel.destroy();
      this.#panels.delete(type);
    }
    const wanted = [...traces].filter(([type]) => isWanted(type)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [type, trace] of wanted) this.#panelOf(type).show(trace, span, isUrgent);
    arrange(
      this.element,
      wanted.map(([type]) => this.#panelOf(type)),
    );
  }

  /** Brings the ages of the readings beside the charts up to date. */
  tick(nowMs: number): void {
    for (const panel of this.#panels.values()) panel.tick(nowMs);
  }

  /** Puts the keyboard's cursor on a reading; false when there is no chart of its sensor. */
  goTo(type: string, tsUs: number): boolean {
    const panel = this.#panels.get(type);
    panel?.goTo(tsUs);
    return panel !== undefined;
  }

  /** Every chart that is shown, for a picture. */
  pictured(): readonly PicturedChart[] {
    const inOrder = [...this.#panels].sort(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.map(([, panel]) => panel.pictured());
  }

  setTwin(isShown: boolean): void {
    this.#isTwin = isShown;
    for (const panel of this.#panels.values()) panel.setTwin(isShown);
  }

  redraw(): void {
    for (const panel of this.#panels.values()) panel.draw();
  }

  stop(): void {
    for (const panel of this.#panels.values()) panel.destroy();
  }

  #panelOf(type: string): SensorPanel {
    const known = this.#panels.get(type);
    if (known !== undefined) return known;
    const made = new SensorPanel(type, this.#deps);
    this.#panels.set(type, made);
    if (this.#isTwin) made.setTwin(true);
    return made;
  }
}
