import type { AlarmSummary } from "../../../schema/alarm.ts";
import { isUnseen } from "../../../schema/unseen.ts";
import { worstFirst } from "../alarm/worst-first.ts";

interface Known {
  readonly alarm: AlarmSummary;
  /** When this page heard of it, in its own count. */
  readonly heard: number;
}

/** The alarms this page has heard of, each as its newest version has it, whether from the list, the stream or a replay. */
export class AlarmBook {
  readonly #known = new Map<number, Known>();
  #heard = 0;

  /** False when this version is known, or a newer one. */
  take(alarm: AlarmSummary): boolean {
    const known = this.#known.get(alarm.id);
    if (known !== undefined && known.alarm.version >= alarm.version) return false;
    this.#heard += 1;
    // One that is cleared stays, too: an older version may be said again.
    this.#known.set(alarm.id, { alarm, heard: this.#heard });
    return true;
  }

  /** To be asked before the list is fetched, and given back with it. */
  mark(): number {
    return this.#heard;
  }

  /** What the server listed as open, or as unseen; what was heard since the mark may be missing in it. */
  replace(listed: readonly AlarmSummary[], mark: number): void {
    const ids = new Set(listed.map(({ id }) => id));
    for (const [id, { heard }] of this.#known) if (!ids.has(id) && heard <= mark) this.#known.delete(id);
    for (const alarm of listed) {
      const known = this.#known.get(alarm.id);
      // Of the same version the list knows more: further anomalies make none.
      if (known === undefined || alarm.version >= known.alarm.version)
        this.#known.set(alarm.id, { alarm, heard: known?.heard ?? mark });
    }
  }

  /** Those to be looked after at this moment, the worst first; a group stands for its members. */
  open(nowMs: number): readonly AlarmSummary[] {
    const open = this.#leading()
      .filter(({ state }) => state !== "cleared")
      .filter(({ shelvedUntilUs }) => (shelvedUntilUs ?? 0) <= nowMs * 1000);
    return worstFirst(open);
  }

  /** Those that cleared and nobody acknowledged, the youngest first; likewise. */
  unseen(): readonly AlarmSummary[] {
    return this.#leading()
      .filter(isUnseen)
      .sort((a, b) => b.id - a.id);
  }

  /** Those that belong to no group. */
  #leading(): AlarmSummary[] {
    return [...this.#known.values()].map(({ alarm }) => alarm).filter(({ group }) => group === null);
  }
}
