import { readStored, writeStored } from "../shell/storage.ts";

const pinsKey = "tidemark:pins";
const viewKey = "tidemark:board-view";

export const views = ["pinned", "alarms", "all"] as const;
/** Which devices have a card on the board. */
export type View = (typeof views)[number];

/** A board of more cards than this shows by itself only those with something to look at. */
const readableCards = 12;

/** The devices that whoever sits here wants to see always. */
export class Pins {
  readonly #ids = new Set(parsePins(readStored(pinsKey)));

  has(deviceId: string): boolean {
    return this.#ids.has(deviceId);
  }

  get ids(): readonly string[] {
    return [...this.#ids];
  }

  /** Pins it, or takes the pin away; whether it is pinned now. */
  toggle(deviceId: string): boolean {
    if (!this.#ids.delete(deviceId)) this.#ids.add(deviceId);
    writeStored(pinsKey, JSON.stringify([...this.#ids]));
    return this.#ids.has(deviceId);
  }
}

export function parsePins(text: string | undefined): readonly string[] {
  try {
    const raw: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(raw) ? raw.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

export function readView(): View | undefined {
  const stored = readStored(viewKey);
  return views.find((view) => view === stored);
}

export function writeView(view: View): void {
  writeStored(viewKey, view);
}

interface Fleet {
  readonly devices: number;
  readonly pinned: number;
}

/** The view while nobody has chosen one. */
export function usualView({ devices, pinned }: Fleet): View {
  if (pinned > 0) return "pinned";
  return devices > readableCards ? "alarms" : "all";
}

interface Of {
  readonly isPinned: (deviceId: string) => boolean;
  readonly hasAlarm: (deviceId: string) => boolean;
}

export function isInView(view: View, deviceId: string, { isPinned, hasAlarm }: Of): boolean {
  switch (view) {
    case "pinned":
      return isPinned(deviceId);
    case "alarms":
      return hasAlarm(deviceId);
    case "all":
      return true;
  }
}
