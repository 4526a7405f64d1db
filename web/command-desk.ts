import type { CommandStore } from "../platform/devices/command-ports.ts";
import type { PresenceStore } from "../platform/devices/presence-ports.ts";
import type { EventStream } from "../platform/ports.ts";
import { type CommandOrder, type CommandSummary, waitingCommandsLimit } from "../schema/command.ts";
import type { Hint } from "../schema/event.ts";

export interface CommandDeskDeps {
  readonly commands: CommandStore;
  readonly presence: PresenceStore;
  readonly events: Pick<EventStream, "hint">;
}

/** What became of an order, as far as it was waited for. */
export type Outcome =
  | { readonly kind: "answered" | "unanswered" | "waiting"; readonly command: CommandSummary }
  | { readonly kind: "too many" }
  /** No broker that takes commands to devices has ever been there. */
  | { readonly kind: "no broker" };

/** Who waits looks by itself this often, in case a hint was missed. */
const lookMs = 1000;
/** How long a device that is not known to be connected is waited for: its broker may know better. */
const doubtMs = 1000;

/** Takes orders for devices and waits for their answers. Holds nothing that matters: the table is the truth. */
export class CommandDesk {
  readonly #deps: CommandDeskDeps;
  /** Those who wait, by command id. */
  readonly #waiting = new Map<string, Doorbell>();

  constructor(deps: CommandDeskDeps) {
    this.#deps = deps;
  }

  hear(hint: Hint): void {
    if (hint.kind !== "commands-moved") return;
    for (const id of hint.commandIds) this.#waiting.get(id)?.ring();
  }

  async order(target: { deviceId: string; name: string }, order: CommandOrder, by: string): Promise<Outcome> {
    const { commands, presence, events } = this.#deps;
    if (!(await commands.hasBroker())) return { kind: "no broker" };
    const payload = JSON.stringify(order.payload ?? null);
    const asked = { ...target, payload, expiresSeconds: order.expires_seconds };
    const command = await commands.queue(asked, { by, mostWaiting: waitingCommandsLimit });
    if (command === null) return { kind: "too many" };
    const bell = new Doorbell();
    this.#waiting.set(command.id, bell);
    try {
      events.hint({ kind: "command-queued", deviceId: target.deviceId });
      const answerMs = order.timeout_seconds * 1000;
      const isThere = answerMs > 0 && (await presence.isOnline(target.deviceId));
      return await this.#follow(command, bell, { answerMs, deliveryMs: isThere ? answerMs : doubtMs });
    } finally {
      this.#waiting.delete(command.id);
    }
  }

  /** Waits until the command is answered, or until it is not worth waiting any longer. */
  async #follow(
    queued: CommandSummary,
    bell: Doorbell,
    { answerMs, deliveryMs }: { answerMs: number; deliveryMs: number },
  ): Promise<Outcome> {
    const startedMs = performance.now();
    let command = queued;
    for (;;) {
      const isDelivered = command.state === "delivered";
      if (command.state === "answered") return { kind: "answered", command };
      if (command.state !== "queued" && !isDelivered) return { kind: "waiting", command };
      const limitMs = isDelivered ? answerMs : Math.min(answerMs, deliveryMs);
      const leftMs = limitMs - (performance.now() - startedMs);
      if (leftMs <= 0) return { kind: isDelivered ? "unanswered" : "waiting", command };
      await bell.rung(Math.min(leftMs, lookMs));
      command = (await this.#deps.commands.find([command.id]))[0] ?? command;
    }
  }
}

/** Remembers that it rang while nobody listened. */
class Doorbell {
  #hasRung = false;
  #open: (() => void) | undefined;

  ring(): void {
    this.#hasRung = true;
    this.#open?.();
  }

  /** Resolves when it has rung since the last time, or after `ms`. */
  async rung(ms: number): Promise<void> {
    if (!this.#hasRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#open = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#hasRung = false;
  }
}
