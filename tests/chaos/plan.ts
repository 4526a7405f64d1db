import { createDice } from "../../simulators/dice.ts";

const processors = ["processor-0", "processor-1", "processor-2"] as const;
export const brokers = ["broker-0", "broker-1"] as const;
export const targets = [...brokers, "gateway-http", "web", "redis", "postgres", ...processors] as const;
export type Target = (typeof targets)[number];

/** `kill` is SIGKILL, `freeze` SIGSTOP and later SIGCONT, `terminate` SIGTERM: what is ended is started again. */
export type Action = "kill" | "freeze" | "terminate";

export interface Fault {
  /** When it begins, counted from the beginning of the load. */
  readonly atMs: number;
  readonly action: Action;
  readonly target: Target;
  /** How long the target stays away. */
  readonly forMs: number;
}

interface Card {
  readonly action: Action;
  readonly among: readonly Target[];
  readonly forMs: readonly [least: number, most: number];
}

const shortly = [200, 3000] as const;
// For a broker around the 3 s after which the other one takes it for dead.
const stillHeld = [1500, 4000] as const;
// Around the 5 s after which a command to Redis counts as failed, though Redis may carry it out once it goes on.
const beyondPatience = [2000, 7000] as const;
// Longer than the database waits for a processor that says nothing, so that others take its shards over while it is frozen.
const takenOver = [14_000, 16_000] as const;

const cards: readonly Card[] = [
  { action: "kill", among: brokers, forMs: shortly },
  { action: "kill", among: brokers, forMs: shortly },
  { action: "kill", among: processors, forMs: shortly },
  { action: "kill", among: processors, forMs: shortly },
  { action: "kill", among: ["redis"], forMs: shortly },
  { action: "kill", among: ["postgres"], forMs: shortly },
  { action: "kill", among: ["gateway-http"], forMs: shortly },
  { action: "kill", among: ["web"], forMs: shortly },
  { action: "freeze", among: processors, forMs: stillHeld },
  { action: "freeze", among: brokers, forMs: stillHeld },
  { action: "freeze", among: ["redis"], forMs: beyondPatience },
  { action: "freeze", among: ["postgres"], forMs: stillHeld },
  { action: "terminate", among: processors, forMs: shortly },
  { action: "terminate", among: brokers, forMs: shortly },
];
const longCard: Card = { action: "freeze", among: processors, forMs: takenOver };

/** What a report counts: the action and the sort of target, and whether a freeze is one that costs the shards. */
export function kindOf({ action, target, forMs }: Fault): string {
  const sort = target.replace(/-\d$/, "");
  return forMs >= takenOver[0] ? `${action} ${sort} until taken over` : `${action} ${sort}`;
}

/** At most so many faults at a time. */
export const mostAtATime = 2;
const gapMs = [1500, 4500] as const;
/** What a target is given to be itself again, before it counts as well. */
const recoveryMs = 1500;
const quietBeginningMs = 2000;
const quietEndMs = 3000;
/** A plan that is shorter has no place for a freeze that outlasts a take-over. */
const secondsForLongCard = 60;

/**
 * The faults of a run: the same for the same seed and length. Kinds are dealt from a shuffled pack, so each comes about as often
 * as any other; never more than `mostAtATime` at once, nor two on one target.
 */
export function chaosPlan(seed: number, seconds: number): readonly Fault[] {
  const dice = createDice(seed);
  const between = ([least, most]: readonly [number, number]) => Math.round(least + dice() * (most - least));
  const pack = seconds < secondsForLongCard ? cards : [...cards, longCard];
  const endMs = seconds * 1000 - quietEndMs;
  const plan: Fault[] = [];
  let dealt: Card[] = [];
  for (let atMs = quietBeginningMs; ; atMs += between(gapMs)) {
    if (dealt.length === 0) dealt = shuffled(pack, dice);
    const card = dealt.pop();
    if (card === undefined) return plan;
    const target = card.among[Math.floor(dice() * card.among.length)];
    if (target === undefined) return plan;
    atMs = freeFrom(plan, { target, atMs });
    const forMs = between(card.forMs);
    if (atMs >= endMs) return plan;
    if (atMs + forMs < endMs) plan.push({ atMs, action: card.action, target, forMs });
  }
}

/** The first moment, not before `atMs`, at which the target is well and one fault more is not one too many. */
function freeFrom(plan: readonly Fault[], { target, atMs }: Pick<Fault, "target" | "atMs">): number {
  const ends = plan
    .map((fault) => ({ target: fault.target, ms: fault.atMs + fault.forMs + recoveryMs }))
    .filter((end) => end.ms > atMs)
    .sort((a, b) => a.ms - b.ms);
  const ofTarget = ends.find((end) => end.target === target)?.ms ?? atMs;
  const ofOthers = ends.length < mostAtATime ? atMs : (ends[ends.length - mostAtATime]?.ms ?? atMs);
  return Math.max(atMs, ofTarget, ofOthers);
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], dice: () => number): T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(Math.floor(dice() * rest.length), 1));
  return order;
}
