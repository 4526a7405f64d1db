import { drawPicture, savePicture } from "../charts/picture.ts";
import { describeSpan, pictureName } from "../charts/picture-words.ts";
import type { Span } from "../charts/span.ts";
import { copyText } from "../shell/clipboard.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import type { Command, Shell } from "../shell/page.ts";
import { withQuery } from "../shell/router.ts";
import { shownZone } from "../shell/zone.ts";
import type { Panels } from "./panels.ts";
import { exportAddress } from "./questions.ts";
import { between } from "./range.ts";
import { textOfRange } from "./range-text.ts";
import { queryOf, type Shown } from "./shown.ts";

interface ShareDeps {
  readonly deviceId: string;
  readonly shell: Shell;
  readonly panels: Panels;
  /** What the page shows, as its address has it. */
  readonly shown: () => Shown;
  /** The time that is seen now. */
  readonly span: () => Span;
  readonly isPaused: () => boolean;
}

/** Takes what a device's page shows elsewhere: as a link, a picture or a file, and its range as a text. */
export class Share {
  readonly said = element("span", { class: "toolbar-said", role: "status" });
  readonly csv = element("a", { class: "plain-button", download: "" }, ["CSV"]);
  readonly parquet = element("a", { class: "plain-button", download: "" }, ["Parquet"]);
  readonly link = element("button", { type: "button", class: "plain-button" }, ["Copy link"]);
  readonly picture = element("button", { type: "button", class: "plain-button" }, ["PNG"]);
  readonly #deps: ShareDeps;

  constructor(deps: ShareDeps) {
    this.#deps = deps;
    this.link.addEventListener("click", () => void this.copyLink());
    this.picture.addEventListener("click", () => void this.savePicture());
  }

  commands(): readonly Command[] {
    return [
      { text: "Copy a link to this", run: () => void this.copyLink() },
      { text: "Copy the range", run: () => void this.copyRange() },
      { text: "Save the charts as PNG", run: () => void this.savePicture() },
      { text: "Save the readings as CSV", run: () => this.csv.click() },
      { text: "Save the readings as Parquet", run: () => this.parquet.click() },
    ];
  }

  show(): void {
    const { fromMs, toMs } = this.#deps.span();
    const { sensors } = this.#deps.shown();
    const wish = { deviceId: this.#deps.deviceId, fromUs: fromMs * 1000, toUs: toMs * 1000, sensors };
    setAttribute(this.csv, "href", exportAddress("csv", wish));
    setAttribute(this.parquet, "href", exportAddress("parquet", wish));
  }

  /** Of a page that stands still the link leads to what is seen, and not to what will be now by then. */
  async copyLink(): Promise<void> {
    const url = new URL(withQuery(location.pathname, queryOf(this.#seen())), location.origin);
    await this.#copy(url.href, "The link is copied.");
  }

  async copyRange(): Promise<void> {
    await this.#copy(textOfRange(this.#seen().range), "The range is copied.");
  }

  async savePicture(): Promise<void> {
    const { deviceId, shell, panels, span } = this.#deps;
    const charts = panels.pictured();
    if (charts.length === 0) return this.#say("There is no chart to save.");
    const range = describeSpan(span(), shownZone());
    try {
      const canvas = drawPicture({ title: deviceId, range, charts }, shell.palette());
      await savePicture(canvas, pictureName(deviceId, span()));
      this.#say("The picture is saved.");
    } catch (cause) {
      this.#say(cause instanceof Error ? cause.message : String(cause));
    }
  }

  #seen(): Shown {
    const shown = this.#deps.shown();
    if (!this.#deps.isPaused()) return shown;
    const { fromMs, toMs } = this.#deps.span();
    return { ...shown, range: between(fromMs, toMs) };
  }

  async #copy(text: string, said: string): Promise<void> {
    const isCopied = await copyText(text);
    this.#say(isCopied ? said : `This browser lets nothing be copied. Copy it by hand: ${text}`);
  }

  #say(text: string): void {
    setText(this.said, text);
  }
}
