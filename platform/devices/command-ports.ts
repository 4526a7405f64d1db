import type { Command, CommandAnswer, CommandSummary } from "../../schema/command.ts";

/** What operators told devices to do, and what became of it. */
export interface CommandStore {
  /** Keeps a command for its device; null when too many wait already. */
  queue(
    order: Pick<Command, "deviceId" | "name" | "payload"> & { expiresSeconds: number },
    options: { by: string; mostWaiting: number },
  ): Promise<CommandSummary | null>;
  /** Newest first. */
  ofDevice(deviceId: string, limit: number): Promise<readonly CommandSummary[]>;
  find(ids: readonly string[]): Promise<readonly CommandSummary[]>;
  /** Calls a command of this device back, unless it was sent; answers with what it is afterwards, null when there is none. */
  cancel(
    deviceId: string,
    id: string,
    by: string,
  ): Promise<{ isCancelled: boolean; command: CommandSummary } | null>;
  /** What is to be delivered to these devices, in order, of each at most `limit`. */
  waiting(
    deviceIds: readonly string[],
    limit: number,
  ): Promise<readonly Pick<Command, "id" | "deviceId" | "name">[]>;
  /** Notes that these are sent now; those that have expired or were called back are left out. */
  take(ids: readonly string[]): Promise<readonly Command[]>;
  delivered(ids: readonly string[]): Promise<void>;
  /** Keeps an answer; the first one stays. False when this device has no such command. */
  answered(deviceId: string, answer: CommandAnswer): Promise<boolean>;
  /** Devices for which something was queued within the last `withinMs` that is still to be delivered. */
  waitingSince(withinMs: number): Promise<readonly string[]>;
  /** Whether a broker that delivers commands has been there. */
  hasBroker(): Promise<boolean>;
  /** Answers how many. */
  forgetOlderThan(days: number): Promise<number>;
}
