import { element } from "../shell/element.ts";
import { formatAge, formatMoment } from "../shell/format.ts";

/** What stands in the place of the charts when the range has no readings: where some are. */
export function renderNoReadings(
  latestUs: number | undefined,
  onGo: (atMs: number) => void,
): readonly HTMLElement[] {
  if (latestUs === undefined) return [element("p", {}, ["Nothing was ever heard of this device."])];
  const atMs = latestUs / 1000;
  const jump = element("button", { type: "button", class: "plain-button" }, ["Go there"]);
  jump.addEventListener("click", () => onGo(atMs));
  const said = `No readings in this range. The last came ${formatAge(Date.now() - atMs)}, ${formatMoment(atMs)}.`;
  return [element("p", {}, [said]), jump];
}
