import type { HistoryStore } from "../platform/history/ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Clock, EventStream } from "../platform/ports.ts";
import { HistoryAnswer, HistoryQuestion } from "../schema/history.ts";
import { momentIn } from "../schema/moment.ts";
import { earliestTimestampUs } from "../schema/timestamp.ts";
import { refuse } from "./refusals.ts";

export interface HistoryRouteDeps {
  readonly history: HistoryStore;
  readonly events: EventStream;
  readonly now: Clock;
}

/** Before every event there will ever be. */
const noEvent = "0-0";

/** Puts on a door what charts are drawn from: any range of any series, at a wanted number of points. */
export function mountHistory(door: HttpDoor, { history, events, now }: HistoryRouteDeps): void {
  door.get<{ Querystring: HistoryQuestion }>(
    "/api/v1/history",
    {
      config: { needs: "viewer", isForEmbeds: true },
      schema: { querystring: HistoryQuestion, response: { 200: HistoryAnswer } },
    },
    async ({ query }, reply) => {
      const range = rangeOf(query, now());
      if (typeof range === "string") return refuse(reply, 400, { code: "QUERY_INVALID", reason: range });
      // Before the rows are read, so that what happens meanwhile comes with the push.
      const cursor = (await events.newestId()) ?? noEvent;
      const sensorTypes = query.sensors?.split(",") ?? null;
      const wish = { deviceIds: query.device, sensorTypes, points: query.points, ...range };
      return { cursor, ...range, series: await history.history(wish) };
    },
  );
}

/** What is asked for, or what is wrong with it. */
export function rangeOf(
  { from, to }: Pick<HistoryQuestion, "from" | "to">,
  nowUs: number,
): { fromUs: number; toUs: number } | string {
  const [fromUs, toUs] = [momentIn(from), to === undefined ? nowUs : momentIn(to)];
  if (fromUs === undefined) return notMoment("from", from);
  if (toUs === undefined) return notMoment("to", to);
  if (fromUs >= toUs) return "querystring/from must be before querystring/to";
  return { fromUs: Math.max(fromUs, earliestTimestampUs), toUs: Math.max(toUs, earliestTimestampUs + 1) };
}

function notMoment(name: string, text: string | undefined): string {
  return `querystring/${name} must be ISO 8601 or time since the epoch, got ${JSON.stringify(text)}`;
}
