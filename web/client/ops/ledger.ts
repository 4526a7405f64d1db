import type { DeviceLedgersAnswer, LedgerAnswer } from "../../../schema/api.ts";
import { api, ask } from "../api/asking.ts";
import { button, nothing, section, table } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import { formatCount } from "../shell/format.ts";

const pageSize = 100;
const lookEveryMs = 10_000;

type Account = DeviceLedgersAnswer["devices"][number];

/** What became of everything that was taken in, in all and by device. */
export function openLedger(): Part {
  let after = "";
  const desk = new Desk({
    load: async () => {
      const query = { after, limit: pageSize };
      const [ledger, page] = await Promise.all([
        ask(() => api.GET("/api/v1/ledger")),
        ask(() => api.GET("/api/v1/ledger/devices", { params: { query } })),
      ]);
      return { ledger, page, after };
    },
    show: ({ ledger, page: { devices, next } }) => {
      const turn = (to: string) => () => {
        after = to;
        void desk.refresh();
      };
      const turns = [
        ...(after === "" ? [] : [button("First devices", turn(""))]),
        ...(next === null ? [] : [button("Next devices", turn(next))]),
      ];
      return [
        section("In all", [renderSums(ledger)]),
        section("By device", [
          devices.length === 0 ? nothing("Nothing was taken in yet.") : renderDevices(devices),
          element("div", { class: "desk-buttons" }, turns),
        ]),
      ];
    },
    everyMs: lookEveryMs,
  });
  return { element: desk.element, refresh: () => void desk.refresh(), stop: () => desk.stop() };
}

function renderSums({
  received,
  stored,
  duplicate,
  rejected,
  inFlight,
  difference,
  state,
}: LedgerAnswer): HTMLElement {
  const sum = [stored, duplicate, rejected, inFlight, difference].map(formatCount).join(" + ");
  const said =
    state === "balanced"
      ? "The difference is 0: everything that was acknowledged is accounted for."
      : "It does not add up: above 0 readings are missing, below 0 some are counted twice.";
  return element("div", { class: "ledger-sums", "data-ledger": state }, [
    element("p", {}, [element("strong", {}, [`${formatCount(received)} = ${sum}`])]),
    element("p", { class: "desk-note" }, [
      "received = stored + duplicate + rejected + in flight + difference",
    ]),
    element("p", {}, [said]),
  ]);
}

function renderDevices(devices: readonly Account[]): HTMLElement {
  const numbers = ["Received", "Stored", "Duplicate", "Rejected"].map((name) => ({ name, isNumber: true }));
  const rows = devices.map(({ deviceId, received, stored, duplicate, rejected }) => [
    deviceId === "" ? "(no device named)" : deviceId,
    ...[received, stored, duplicate, rejected].map(formatCount),
  ]);
  return table("What became of the readings of each device", [{ name: "Device" }, ...numbers], rows);
}
