import { type RawBuilder, sql } from "kysely";
import { type DeviceState, offlineAfter, staleAfter } from "../../schema/device-state.ts";
import { heardSince, isConnected } from "../database/sql.ts";

/** The moment after which a device of this usual gap must have been heard of. */
function dueSince({ gaps, leastMs }: { gaps: number; leastMs: number }): RawBuilder<Date> {
  // `last_seen` is written once a second at most.
  return sql<Date>`(now() - (greatest(${gaps}::double precision * gap_ms, ${leastMs}::double precision) + 1000) * interval '1 millisecond')`;
}

/** Its connection broke, and nothing was heard since; who said goodbye is missed only when the next message is due. */
const isCutOff = sql<boolean>`(presence.device_id IS NOT NULL AND NOT ${isConnected}
  AND presence.reason <> 'disconnected' AND last_seen <= presence.since + interval '1 second')`;

/** The state of a row of `devices` to which `presence` and `brokers` are joined. A device of no known gap is late when it leaves the board. */
export function stateOf(timeoutMs: number): RawBuilder<DeviceState> {
  return sql<DeviceState>`CASE
    WHEN ${isCutOff} THEN 'offline'
    WHEN gap_ms IS NULL THEN CASE WHEN last_seen > ${heardSince(timeoutMs)} THEN 'online' ELSE 'offline' END
    WHEN last_seen > ${dueSince(staleAfter)} THEN 'online'
    WHEN last_seen > ${dueSince(offlineAfter)} THEN 'stale'
    ELSE 'offline' END`;
}

/** What `stateOf` needs beside `devices`. */
export const withPresence = sql`LEFT JOIN presence USING (device_id) LEFT JOIN brokers ON brokers.id = presence.broker`;
