import type { LiveReadings, NumberedEvent, PlatformEvent } from "../schema/event.ts";
import type { EventListener, EventStream } from "./ports.ts";

/** Opens the event stream of the embedded mode: capped, in this process. Ids continue over restarts, since they begin with the clock. */
export function openMemoryEvents(options: { capacity?: number; startedMs: number }): EventStream {
  const capacity = options.capacity ?? 10_000;
  const kept: NumberedEvent[] = [];
  const listeners = new Set<EventListener>();
  let sequence = 0;

  const number = (event: PlatformEvent): NumberedEvent => {
    const numbered = { id: `${options.startedMs}-${sequence++}`, event };
    kept.push(numbered);
    return numbered;
  };

  return {
    publish(events: readonly PlatformEvent[]) {
      for (const numbered of events.map(number)) for (const listener of listeners) listener.onEvent(numbered);
      if (kept.length > capacity) kept.splice(0, kept.length - capacity);
      return Promise.resolve();
    },
    broadcast(batch: readonly LiveReadings[]) {
      for (const listener of listeners) listener.onReadings(batch);
    },
    subscribe(listener: EventListener) {
      listeners.add(listener);
      return Promise.resolve({ stop: () => Promise.resolve(void listeners.delete(listener)) });
    },
    since(id: string, limit: number) {
      return Promise.resolve(kept.filter((numbered) => compareIds(numbered.id, id) > 0).slice(0, limit));
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

/** Order of two `<milliseconds>-<sequence>` ids, as Redis has it; an unreadable id counts as the oldest. */
function compareIds(a: string, b: string): number {
  const [aMs, aSequence] = parts(a);
  const [bMs, bSequence] = parts(b);
  return aMs === bMs ? aSequence - bSequence : aMs - bMs;
}

function parts(id: string): readonly [number, number] {
  const match = /^(\d+)-(\d+)$/.exec(id);
  return match === null ? [-1, -1] : [Number(match[1]), Number(match[2])];
}
