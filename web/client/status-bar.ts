import type { Counts } from "./anomaly-book.ts";
import { type ConnectionState, describeConnection } from "./connection.ts";
import { find, setAttribute, setText } from "./element.ts";
import { describeCounts, formatSpan } from "./format.ts";

/** Everything the head of the page speaks of. */
export interface Status {
  readonly connection: ConnectionState;
  /** Set while the page shows what an earlier visit left behind. */
  readonly storedMs: number | undefined;
  /** Why the last question to the server failed, if it did. */
  readonly failure: string | undefined;
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

  constructor() {
    const top = find("#top");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--top", `${top.offsetHeight}px`);
    }).observe(top);
  }

  show(status: Status, nowMs: number): void {
    const { connection } = status;
    setAttribute(this.#badge, "data-connection", connection.kind);
    setText(this.#badgeText, describeConnection(connection));
    setText(this.#devices, status.devices);
    const isMore = status.anomalies.readings >= status.anomaliesKnown;
    const anomalies = `${status.anomalies.episodes}${isMore ? "+" : ""}`;
    setText(this.#anomalies, anomalies);
    setText(this.#anomalyNoun, anomalies === "1" ? "anomaly" : "anomalies");
    setAttribute(this.#anomalyCell, "title", describeCounts(status.anomalies) + (isMore ? ", or more" : ""));
    this.#anomalies.classList.toggle("has-some", anomalies !== "0");
    document.title = anomalies === "0" ? "Tidemark" : `▲ ${anomalies} · Tidemark`;
    const text = bannerText(status, nowMs);
    setText(this.#bannerText, text ?? "");
    this.#banner.hidden = text === undefined;
    setAttribute(
      this.#banner,
      "data-tone",
      isLost(connection) || status.failure !== undefined ? "warning" : "calm",
    );
    document.documentElement.toggleAttribute(
      "data-stale",
      isLost(connection) || status.storedMs !== undefined,
    );
  }
}

function isLost(connection: ConnectionState): boolean {
  return connection.kind === "offline" || (connection.kind === "reconnecting" && !connection.isFirst);
}

function bannerText({ connection, storedMs, failure }: Status, nowMs: number): string | undefined {
  if (isLost(connection) && connection.kind !== "live") {
    const hope = connection.kind === "offline" ? "Still trying." : "Reconnecting.";
    return `Connection lost ${formatSpan(connection.lostMs)} ago. Values and charts below are stale. ${hope}`;
  }
  if (failure !== undefined) return `${failure} Trying again.`;
  if (storedMs !== undefined) return `Stored ${formatSpan(nowMs - storedMs)} ago, refreshing.`;
  return undefined;
}
