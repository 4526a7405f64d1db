/** How a device is doing, from the worst that can be said of it: never heard of, gone, late, or as it should be. */
export const deviceStates = ["online", "stale", "offline", "never-seen"] as const;
export type DeviceState = (typeof deviceStates)[number];

export const deviceOrders = ["name", "last-seen", "alarms"] as const;
export type DeviceOrder = (typeof deviceOrders)[number];

/** A device is late after so many of the gaps that are usual for it, and at least after so long. */
export const staleAfter = { gaps: 2, leastMs: 5000 } as const;
/** And gone after so many; the same as what raises an alarm of silence. */
export const offlineAfter = { gaps: 5, leastMs: 10_000 } as const;

/** The place of a device in an order: what comes next is behind it. */
export type DevicePlace =
  | { readonly sort: "name"; readonly id: string }
  /** Null: never heard of. */
  | { readonly sort: "last-seen"; readonly lastSeenUs: number | null; readonly id: string }
  | { readonly sort: "alarms"; readonly rank: number; readonly count: number; readonly id: string };

/** A place as a text that is handed out, and comes back. */
export function cursorOf(place: DevicePlace): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** The place in a cursor; undefined when it is not one of ours, or of another order. */
export function placeIn(cursor: string, sort: DeviceOrder): DevicePlace | undefined {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
  if (typeof place !== "object" || place === null) return undefined;
  const { sort: of, id, lastSeenUs, rank, count } = place as Record<string, unknown>;
  if (of !== sort || typeof id !== "string" || id.includes("\u0000")) return undefined;
  switch (sort) {
    case "name":
      return { sort, id };
    case "last-seen":
      return lastSeenUs === null || Number.isSafeInteger(lastSeenUs)
        ? { sort, id, lastSeenUs: lastSeenUs === null ? null : Number(lastSeenUs) }
        : undefined;
    case "alarms":
      return Number.isSafeInteger(rank) && Number.isSafeInteger(count)
        ? { sort, id, rank: Number(rank), count: Number(count) }
        : undefined;
  }
}
