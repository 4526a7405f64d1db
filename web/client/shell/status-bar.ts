import type { Counts } from "../anomalies/anomaly-book.ts";
import { type ConnectionState, describeConnection, describeLoss } from "./connection-state.ts";
import { find, setAttribute, setText } from "./element.ts";
import { describeCounts, formatSpan } from "./format.ts";

/** Why what a page shows may be old. */
export interface Doubt {
  /** Set while the page shows what an earlier visit left behind. */
  readonly storedMs?: number | undefined;
  /** Why the last question to the server failed, if it did. */
  readonly failure?: string | undefined;
}

/** What the head of the console counts. */
export interface Counted {
  readonly devices: string;
  readonly anomalies: Counts;
  /** When there are as many anomalous readings as this, there may be more that the page has not heard of. */
  readonly anomaliesKnown: number;
}

/** The head of the page: connection, counts, and a banner when the operator must not trust what is shown. */
export class StatusBar {
  readonly #badge = find("#connection");
  readonly #badgeText = find("#connection-text");
  readonly #devices = find("#device-count");
  readonly #anomalies = find("#anomaly-count");
  readonly #anomalyCell = find("#anomaly-cell");
  readonly #anomalyNoun = find("#anomaly-noun");
  readonly #banner = find("#banner");
  readonly #bannerText = find("#banner-text");
  #title = "";
  #alert = "";

  constructor() {
    const top = find("#top");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--top", `${top.offsetHeight}px`);
    }).observe(top);
  }

  show(connection: ConnectionState, doubt: Doubt, nowMs: number): void {
    setAttribute(this.#badge, "data-connection", connection.kind);
    setText(this.#badgeText, describeConnection(connection));
    const loss = describeLoss(connection);
    const text = loss ?? describeDoubt(doubt, nowMs);
    setText(this.#bannerText, text ?? "");
    this.#banner.hidden = text === undefined;
    const isWarning = loss !== undefined || doubt.failure !== undefined;
    setAttribute(this.#banner, "data-tone", isWarning ? "warning" : "calm");
    document.documentElement.toggleAttribute(
      "data-stale",
      loss !== undefined || doubt.storedMs !== undefined,
    );
  }

  count({ devices, anomalies: found, anomaliesKnown }: Counted): void {
    find("#counts").hidden = false;
    setText(this.#devices, devices);
    const isMore = found.readings >= anomaliesKnown;
    const anomalies = `${found.episodes}${isMore ? "+" : ""}`;
    setText(this.#anomalies, anomalies);
    setText(this.#anomalyNoun, anomalies === "1" ? "anomaly" : "anomalies");
    setAttribute(this.#anomalyCell, "title", describeCounts(found) + (isMore ? ", or more" : ""));
    this.#anomalies.classList.toggle("has-some", anomalies !== "0");
    this.#alert = anomalies === "0" ? "" : `▲ ${anomalies}`;
    this.#showTitle();
  }

  countNothing(): void {
    find("#counts").hidden = true;
    this.#alert = "";
    this.#showTitle();
  }

  /** Of the page that is open. */
  title(title: string): void {
    this.#title = title;
    this.#showTitle();
  }

  #showTitle(): void {
    const parts = [this.#alert, this.#title, "Tidemark"].filter((part) => part !== "");
    document.title = parts.join(" · ");
  }
}

function describeDoubt({ storedMs, failure }: Doubt, nowMs: number): string | undefined {
  if (failure !== undefined) return `${failure} Trying again.`;
  if (storedMs !== undefined) return `Stored ${formatSpan(nowMs - storedMs)} ago, refreshing.`;
  return undefined;
}
