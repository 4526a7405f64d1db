import type { AlarmSummary } from "../../../schema/alarm.ts";
import type { Shares } from "../../../schema/event.ts";
import { nameOfChannel } from "../anomalies/why.ts";
import { element } from "../shell/element.ts";
import { formatMeasure, formatRange } from "../shell/format.ts";
import { describeConfidence, describeModel, type Judged } from "./judge-words.ts";

/** Why the worst reading of an alarm was unusual: the sentence, what was expected, and a bar for each thing that weighed; with who judged it and how sure it was, where that is known. */
export function renderReasons(
  { peak, sensorType, severity }: AlarmSummary,
  judged: Judged | undefined,
): readonly HTMLElement[] {
  const { value, expected, score, sentence, shares } = peak;
  const facts = [
    ...(value === null ? [] : [["Worst reading", formatMeasure(sensorType, value)]]),
    ...(expected === null ? [] : [["Expected", formatRange(sensorType, expected)]]),
    ["Score", `${Math.round(score * 100)} of 100, ${severity}`],
    ...(judged === undefined
      ? []
      : [
          ["Confidence", describeConfidence(judged)],
          ["Model", describeModel(judged.modelVersion)],
        ]),
  ];
  return [
    element("p", { class: "alarm-sentence" }, [sentence === "" ? "Unusual for this sensor." : sentence]),
    element(
      "dl",
      { class: "alarm-facts" },
      facts.map(([name = "", text = ""]) =>
        element("div", {}, [element("dt", {}, [name]), element("dd", {}, [text])]),
      ),
    ),
    ...renderBars(shares),
  ];
}

function renderBars(shares: Shares): readonly HTMLElement[] {
  const sorted = Object.entries(shares).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return [];
  const rows = sorted.map(([channel, share]) => {
    const bar = element("span", { class: "reason-bar" });
    bar.style.width = `${Math.round(100 * share)}%`;
    return element("li", {}, [
      element("span", {}, [nameOfChannel(channel)]),
      element("span", { class: "reason-track", "aria-hidden": "true" }, [bar]),
      element("span", { class: "reason-share" }, [`${Math.round(100 * share)}\u202f%`]),
    ]);
  });
  return [element("ul", { class: "reasons", "aria-label": "What weighed, the weightiest first" }, rows)];
}
