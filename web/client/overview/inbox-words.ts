/** So many of those that cleared unseen have a row; the others are in the list of alarms. */
export const unseenShown = 20;

interface Counts {
  readonly open: number;
  /** Those that cleared and nobody acknowledged, as far as they are known here. */
  readonly unseen: number;
  /** Whether the server has more of them. */
  readonly isFull: boolean;
}

/** What the inbox holds: `3 open, 2 cleared unseen`. */
export function countOf({ open, unseen, isFull }: Counts): string {
  return [
    ...(open === 0 ? [] : [`${open} open`]),
    ...(unseen === 0 ? [] : [`${unseen}${isFull ? "+" : ""} cleared unseen`]),
  ].join(", ");
}

/** How many it does not show; empty when it shows all. */
export function moreOf({ unseen, isFull }: Counts): string {
  return unseen <= unseenShown ? "" : `${unseen - unseenShown}${isFull ? "+" : ""} more cleared unseen`;
}
