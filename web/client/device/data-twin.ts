import { sensorLabel, sensorUnit } from "../../../schema/sensors.ts";
import { bandAt, endsOf } from "../charts/bands.ts";
import { element } from "../shell/element.ts";
import { formatMoment, formatValue } from "../shell/format.ts";
import type { Dot, Trace } from "./trace.ts";

/** Longer tables make a page slow, and nobody reads them to the end; the export has everything. */
const rowLimit = 300;

/** What a chart shows as a table, the newest on top. */
export function renderTwin(
  sensorType: string,
  { stepSeconds, marks, bands }: Trace,
  dots: readonly Dot[],
): HTMLElement {
  const unit = sensorUnit(sensorType);
  const isStep = stepSeconds !== null;
  const values = isStep ? ["Mean", "Least", "Greatest", "Readings"] : ["Value"];
  const columns = ["Time", ...values, "Usual from", "Usual to", "Anomaly"];
  const usualAt = (tsUs: number): readonly string[] => {
    const band = bandAt(bands, tsUs);
    if (band === undefined) return ["", ""];
    const { low, high } = endsOf(sensorType, band);
    return [formatValue(low), formatValue(high)];
  };
  const cells = ({ tsUs, mean, min, max, n }: Dot): readonly string[] => {
    const values = isStep ? [mean, min, max].map(formatValue).concat(String(n)) : [formatValue(mean)];
    const found = isStep ? "" : (marks.get(tsUs)?.severity ?? "");
    return [formatMoment(tsUs / 1000), ...values, ...usualAt(tsUs), found];
  };
  const found = isStep
    ? [...marks.values()].map(({ tsUs, value, severity }) => ({
        tsUs,
        texts: [formatMoment(tsUs / 1000), formatValue(value), "", "", "1", ...usualAt(tsUs), severity],
      }))
    : [];
  const rows = [...dots.map((dot) => ({ tsUs: dot.tsUs, texts: cells(dot) })), ...found]
    .sort((a, b) => b.tsUs - a.tsUs)
    .slice(0, rowLimit);
  const more = dots.length + found.length > rowLimit ? `, the newest ${rowLimit}` : "";
  const caption = `${sensorLabel(sensorType)}${unit === "" ? "" : ` in ${unit}`}${more}`;
  const scroll = {
    class: "twin-scroll",
    tabindex: "0",
    role: "region",
    "aria-label": `${caption}, as a table`,
  };
  return element("div", scroll, [
    element("table", {}, [
      element("caption", {}, [caption]),
      element("thead", {}, [
        element(
          "tr",
          {},
          columns.map((name) => element("th", { scope: "col" }, [name])),
        ),
      ]),
      element(
        "tbody",
        {},
        rows.map(({ texts }) =>
          element(
            "tr",
            {},
            texts.map((text) => element("td", {}, [text])),
          ),
        ),
      ),
    ]),
  ]);
}
