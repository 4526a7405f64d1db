import type { Hint, LiveReadings, NumberedEvent, PlatformEvent } from "../../schema/event.ts";
import type { EventListener, EventStream } from "../ports.ts";
import type { Receipt } from "../readings/shard-batch.ts";

/** Opens the event stream of the embedded mode: capped, in this process. Ids continue over restarts, since they begin with the clock. */
export function openMemoryEvents(options: { capacity?: number; startedMs: number }): EventStream {
  const capacity = options.capacity ?? 10_000;
  const kept: NumberedEvent[] = [];
  const listeners = new Set<EventListener>();
  /** The newest receipt of each shard. */
  const announced = new Map<number, Receipt>();
  let sequence = 0;

  const number = (event: PlatformEvent): NumberedEvent => {
    const numbered = { id: `${options.startedMs}-${sequence++}`, event };
    kept.push(numbered);
    return numbered;
  };

  const publish = (events: readonly PlatformEvent[], receipt?: Receipt): Promise<void> => {
    if (receipt !== undefined) {
      const last = announced.get(receipt.shard);
      if (last?.custody === receipt.custody && last.batch >= receipt.batch) return Promise.resolve();
      announced.set(receipt.shard, receipt);
    }
    for (const numbered of events.map(number)) for (const listener of listeners) listener.onEvent(numbered);
    if (kept.length > capacity) kept.splice(0, kept.length - capacity);
    return Promise.resolve();
  };

  return {
    publish,
    recover(events: readonly PlatformEvent[], receipt: Receipt) {
      // What was said before this process began is not known here, so only what follows a batch of its own can be unsaid.
      const isFollowed = announced.get(receipt.shard)?.custody === receipt.custody;
      return isFollowed ? publish(events, receipt) : Promise.resolve();
    },
    broadcast(batch: readonly LiveReadings[]) {
      for (const listener of listeners) listener.onReadings?.(batch);
    },
    hint(hint: Hint) {
      for (const listener of listeners) listener.onHint?.(hint);
    },
    subscribe(listener: EventListener) {
      listeners.add(listener);
      return Promise.resolve({ stop: () => Promise.resolve(void listeners.delete(listener)) });
    },
    since(id: string, limit: number) {
      const after = parts(id);
      const isAfter = (numbered: NumberedEvent): boolean => compare(parts(numbered.id), after) > 0;
      return Promise.resolve(kept.filter(isAfter).slice(0, limit));
    },
    newestId() {
      return Promise.resolve(kept.at(-1)?.id ?? null);
    },
    close() {
      listeners.clear();
      return Promise.resolve();
    },
  };
}

type Place = readonly [ms: number, sequence: number];

/** Order of two `<milliseconds>-<sequence>` ids, as Redis has it. */
function compare([aMs, aSequence]: Place, [bMs, bSequence]: Place): number {
  return aMs === bMs ? aSequence - bSequence : aMs - bMs;
}

/** An unreadable id comes after every other. */
function parts(id: string): Place {
  const match = /^(\d{1,19})-(\d{1,19})$/.exec(id);
  return match === null ? [Number.POSITIVE_INFINITY, 0] : [Number(match[1]), Number(match[2])];
}
