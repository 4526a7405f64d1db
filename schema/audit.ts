/** One change that somebody made, as it is kept. Never holds a secret, nor the hash of one. */
export interface AuditEntry {
  /** Grows with time. */
  readonly id: number;
  /** Microseconds since the epoch, by the clock of the database. */
  readonly atUs: number;
  /** Who made it: `operator:ada`, `token:ci`, `command line`, `claim:line-3`, or `anyone` where nobody is asked who they are. */
  readonly by: string;
  /** What was done, as noun and verb: `device.provision`, `setting.change`. */
  readonly action: string;
  /** What it was done to: the device id, the name of the setting. */
  readonly target: string;
  /** What it was like before and after, as JSON; null where there was or is nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

/** A change about to be recorded. */
export type AuditRecord = Omit<AuditEntry, "id" | "atUs">;
