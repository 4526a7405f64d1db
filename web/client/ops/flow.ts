import type { LedgerAnswer } from "../../../schema/api.ts";
import type { OverviewAnswer } from "../../../schema/device-page.ts";
import type { OpsAnswer } from "../../../schema/ops.ts";
import { api, ask } from "../api/asking.ts";
import { nothing, section, table } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import type { Part } from "../parts/parted-page.ts";
import { formatTook } from "../parts/took.ts";
import { element } from "../shell/element.ts";
import { formatAge, formatCount } from "../shell/format.ts";
import {
  describeAlarmLoad,
  describeConsoles,
  describeTroubles,
  formatRate,
  readingsPerSecond,
} from "./ops-words.ts";

const lookEveryMs = 2000;

interface Look {
  readonly ops: OpsAnswer;
  readonly ledger: LedgerAnswer;
  readonly fleet: OverviewAnswer;
}

/** How readings flow at this moment: the rate, what waits and for how long, who takes them in and who stores them. */
export function openFlow(): Part {
  let before: OpsAnswer | undefined;
  const desk = new Desk<Look>({
    load: async () => {
      const [ops, ledger, fleet] = await Promise.all([
        ask(() => api.GET("/api/v1/ops")),
        ask(() => api.GET("/api/v1/ledger")),
        ask(() => api.GET("/api/v1/overview")),
      ]);
      return { ops, ledger, fleet };
    },
    show: ({ ops, ledger, fleet }) => {
      const rate = readingsPerSecond(before, ops);
      before = ops;
      return [
        renderTroubles(ops),
        section("Now", [renderTiles({ ops, ledger, fleet }, rate)]),
        section("Queue by shard", [renderShards(ops)]),
        section("Brokers", [renderBrokers(ops)]),
      ];
    },
    everyMs: lookEveryMs,
  });
  return { element: desk.element, refresh: () => void desk.refresh(), stop: () => desk.stop() };
}

function renderTroubles(ops: OpsAnswer): HTMLElement {
  const troubles = describeTroubles(ops);
  return element(
    "div",
    { class: "troubles", role: "status" },
    troubles.map((trouble) => element("p", {}, [trouble])),
  );
}

function renderTiles({ ops, ledger, fleet }: Look, rate: number | undefined): HTMLElement {
  const { shards, fullness, writes, processors, consoles } = ops;
  const waiting = shards.reduce((sum, shard) => sum + shard.waiting, 0);
  const behindMs = Math.max(0, ...shards.map((shard) => shard.behindMs));
  const p95 =
    writes === null ? "–" : writes.p95Ms === null ? "over 5\u202fs" : `≤ ${formatTook(writes.p95Ms)}`;
  const tiles: readonly (readonly [name: string, value: string, about: string])[] = [
    ["Readings a second", formatRate(rate), "taken in, all devices"],
    ["Waiting", formatCount(waiting), `oldest for ${formatTook(behindMs)}`],
    [
      "A batch is stored in",
      p95,
      writes === null
        ? "none was stored by this process; others say it in /metrics"
        : `mean ${formatTook(writes.meanMs)}`,
    ],
    ["Stream", `${Math.round(fullness * 100)}\u202f%`, "full; held from 75\u202f% on"],
    [
      "Ledger",
      formatCount(ledger.difference),
      ledger.state === "balanced" ? "difference: nothing is missing" : "difference: it does not add up",
    ],
    ["Processors", formatCount(processors), describeConsoles(consoles)],
    ["Alarms raised", formatCount(fleet.raised.tenMinutes), describeAlarmLoad(fleet.raised)],
  ];
  return element(
    "dl",
    { class: "tiles" },
    tiles.map(([name, value, about]) =>
      element("div", { "data-tile": name }, [
        element("dt", {}, [name]),
        element("dd", {}, [element("strong", {}, [value]), element("small", {}, [about])]),
      ]),
    ),
  );
}

function renderShards({ shards }: OpsAnswer): HTMLElement {
  const columns = [
    { name: "Shard" },
    { name: "Waiting", isNumber: true },
    { name: "Frames", isNumber: true },
    { name: "Behind", isNumber: true },
    { name: "Taken in", isNumber: true },
    { name: "Written by" },
  ];
  const rows = shards.map(({ shard, waiting, frames, behindMs, received, isOwned }) => [
    String(shard),
    formatCount(waiting),
    formatCount(frames),
    formatTook(behindMs),
    formatCount(received),
    isOwned ? "a processor" : "nobody",
  ]);
  return table("Queue by shard", columns, rows);
}

function renderBrokers({ brokers }: OpsAnswer): HTMLElement {
  if (brokers.length === 0) return nothing("No broker runs.");
  const columns = [
    { name: "Broker" },
    { name: "State" },
    { name: "Last sign of life" },
    { name: "Devices", isNumber: true },
  ];
  const rows = brokers.map(({ id, isAlive, beatUs, devices }) => [
    id,
    isAlive ? "alive" : "silent",
    formatAge(Date.now() - beatUs / 1000),
    formatCount(devices),
  ]);
  return table("Brokers and the devices connected to them", columns, rows);
}
