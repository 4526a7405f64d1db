import type { AnomalyEvent } from "../../../schema/event.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { alarmOfAnomaly } from "../alarm/list-words.ts";
import { type AnomalyBook, anomalyKey, type KnownEpisode } from "../anomalies/anomaly-book.ts";
import { Why } from "../anomalies/why.ts";
import { arrange, element, find, setAttribute, setText } from "../shell/element.ts";
import { formatAge, formatMeasure, formatMoment, formatSince } from "../shell/format.ts";
import type { Painter } from "../shell/painter.ts";

/** Most episodes listed; those silent for longest leave. */
export const feedLimit = 200;

interface FeedDeps {
  /** Has the elements of the feed. */
  readonly within: HTMLElement;
  readonly anomalies: AnomalyBook;
  readonly painter: Painter;
  /** Shows the worst reading where it was measured and says whether it could. */
  readonly onSelect: (episode: KnownEpisode) => boolean;
}

/** The list of episodes, the one that began last on top. */
export class Feed {
  readonly #list: HTMLElement;
  readonly #nothing: HTMLElement;
  readonly #deps: FeedDeps;
  readonly #arrived = new WeakSet<AnomalyEvent>();
  #rows = new Map<string, Row>();

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#list = find("#feed-list", deps.within);
    this.#nothing = find("#feed-nothing", deps.within);
  }

  /** Brings the list up to date with the next frame; the rows of what began just now light up for a moment. */
  request(begun: readonly KnownEpisode[] = []): void {
    for (const { first } of begun) this.#arrived.add(first);
    this.#deps.painter.request(this, true);
  }

  draw(): void {
    const rows = new Map<string, Row>();
    for (const episode of this.#deps.anomalies.newestEpisodes(feedLimit)) {
      const row = this.#rows.get(episode.id) ?? this.#toRow(episode);
      row.show(episode);
      rows.set(episode.id, row);
    }
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.element.remove();
    this.#rows = rows;
    arrange(this.#list, rows.values());
    this.#nothing.hidden = rows.size > 0;
  }

  tick(nowMs: number): void {
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  #toRow(episode: KnownEpisode): Row {
    const row = new Row(episode, this.#deps.onSelect);
    if (this.#arrived.has(episode.first)) row.element.classList.add("is-new");
    return row;
  }
}

/** One episode: its worst reading, how many there were, since when, and how long ago the last one was. */
class Row {
  readonly element: HTMLElement;
  readonly #count = element("span", { class: "feed-count" });
  readonly #age = element("time", { class: "feed-age" });
  readonly #since = element("time", { class: "feed-since" });
  readonly #value = element("span", { class: "feed-value" });
  readonly #sentence = element("span", { class: "feed-sentence" });
  readonly #why = new Why();
  readonly #alarm = element("a", { class: "row-link feed-alarm" }, ["Alarm"]);
  #shown: KnownEpisode | undefined;

  constructor({ deviceId, sensorType }: KnownEpisode, onSelect: FeedDeps["onSelect"]) {
    const button = element("button", { type: "button", class: "feed-item" }, [
      element("span", { class: "feed-mark severity-mark", "aria-hidden": "true" }),
      element("span", { class: "feed-device" }, [deviceId, " ", this.#count]),
      this.#age,
      element("span", { class: "feed-sensor" }, [sensorLabel(sensorType), " ", this.#since]),
      this.#value,
      this.#sentence,
      this.#why.element,
    ]);
    button.addEventListener("click", () => {
      // What is not on the board is looked at where its alarm is.
      if (this.#shown !== undefined && !onSelect(this.#shown)) this.#alarm.click();
    });
    this.element = element("li", {}, [button, this.#alarm]);
  }

  show(episode: KnownEpisode): void {
    if (episode === this.#shown) return;
    this.#shown = episode;
    const { first, last, worst, sensorType, readings } = episode;
    setAttribute(this.element, "data-anomaly", anomalyKey(first));
    setAttribute(this.element, "data-severity", worst.severity);
    setAttribute(this.element, "data-count", String(readings.length));
    setAttribute(this.#alarm, "href", alarmOfAnomaly(first));
    setAttribute(this.#alarm, "aria-label", `Alarm of ${first.deviceId}, ${sensorLabel(sensorType)}`);
    setText(this.#count, readings.length > 1 ? `×\u202f${readings.length}` : "");
    this.#count.title = `${readings.length} anomalous readings`;
    setText(this.#value, formatMeasure(sensorType, worst.value));
    this.#value.title = readings.length > 1 ? "The worst of them" : "";
    setText(this.#sentence, worst.sentence || "Unusual for this sensor.");
    const { readings: learnt, of } = worst.learning ?? { readings: 0, of: 0 };
    this.#why.show(worst.shares, [worst.severity, of > 0 ? `learning ${learnt}/${of}` : ""]);
    setMoment(this.#since, first.timestampUs / 1000);
    setMoment(this.#age, last.timestampUs / 1000);
    this.tick(Date.now());
  }

  tick(nowMs: number): void {
    if (this.#shown === undefined) return;
    const { first, last, readings } = this.#shown;
    setText(this.#age, formatAge(nowMs - last.timestampUs / 1000));
    const word = readings.length > 1 ? "since" : "at";
    setText(this.#since, `${word} ${formatSince(first.timestampUs / 1000, nowMs)}`);
  }
}

function setMoment(time: HTMLTimeElement, atMs: number): void {
  setAttribute(time, "datetime", new Date(atMs).toISOString());
  setAttribute(time, "title", formatMoment(atMs));
}
