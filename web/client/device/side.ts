import type { RejectedAnswer } from "../../../schema/api.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { element } from "../shell/element.ts";
import { formatCount, formatMoment } from "../shell/format.ts";
import type { fetchDeviceLedger, fetchModels } from "./questions.ts";

type Ledger = Awaited<ReturnType<typeof fetchDeviceLedger>>;
type Models = Awaited<ReturnType<typeof fetchModels>>;

/** A titled part of the column beside the charts. */
export function section(title: string, ...content: readonly (Node | string)[]): HTMLElement {
  return element("section", { class: "side-part", "aria-label": title }, [
    element("h2", {}, [title]),
    ...content,
  ]);
}

/** Which model judges the sensors of the device. */
export function renderModels({ types }: Models, sensorTypes: readonly string[]): HTMLElement {
  const own = types.filter(({ sensorType }) => sensorTypes.includes(sensorType));
  if (own.length === 0) return element("p", { class: "side-nothing" }, ["No model judges it yet."]);
  const pairs = own.flatMap(({ sensorType, judging }) => [
    element("dt", {}, [sensorLabel(sensorType)]),
    element("dd", {}, [judging]),
  ]);
  return element("dl", { class: "facts" }, pairs);
}

/** What became of everything the device sent. */
export function renderLedger({ received, stored, duplicate, rejected, inFlight }: Ledger): HTMLElement {
  const facts: readonly (readonly [string, number | null])[] = [
    ["Received", received],
    ["Stored", stored],
    ["Duplicate", duplicate],
    ["Rejected", rejected],
    ["On the way", inFlight],
  ];
  const pairs = facts.flatMap(([name, value]) => [
    element("dt", {}, [name]),
    element("dd", {}, [value === null ? "many" : formatCount(value)]),
  ]);
  return element("dl", { class: "facts" }, pairs);
}

/** What the device sent last that could not be read or stored. */
export function renderRejects({ rejected }: RejectedAnswer): HTMLElement {
  if (rejected.length === 0) return element("p", { class: "side-nothing" }, ["Nothing was rejected."]);
  const rows = rejected.map(({ code, reason, payload, receivedUs }) =>
    element("li", {}, [
      element("details", {}, [
        element("summary", {}, [`${code} · ${formatMoment(receivedUs / 1000)}`]),
        element("p", {}, [reason]),
        element("pre", { tabindex: "0", "aria-label": "Payload" }, [payload]),
      ]),
    ]),
  );
  return element("ol", { class: "log" }, rows);
}
