import type { KeptSubscription } from "../../platform/broker-commons.ts";

interface Level {
  readonly below: Map<string, Level>;
  /** Who subscribed with the filter that ends here, and with which quality of service. */
  readonly subscribers: Map<string, 1 | 2>;
}

/**
 * Subscriptions by filter (MQTT 3.1.1 §4.7), to find who is to get a message. Those with QoS 0 are left out: nothing is queued
 * for them.
 */
export class FilterTree {
  readonly #root = newLevel();
  readonly #filters = new Map<string, readonly string[]>();

  get clientIds(): readonly string[] {
    return [...this.#filters.keys()];
  }

  /** Whether there is any subscription under this name, also with QoS 0. */
  has(clientId: string): boolean {
    return this.#filters.has(clientId);
  }

  /** The subscriptions of a client from now on; none: the client is forgotten. */
  set(clientId: string, subscriptions: readonly KeptSubscription[]): void {
    for (const filter of this.#filters.get(clientId) ?? []) remove(this.#root, filter.split("/"), clientId);
    if (subscriptions.length === 0) {
      this.#filters.delete(clientId);
      return;
    }
    this.#filters.set(
      clientId,
      subscriptions.map(({ filter }) => filter),
    );
    for (const { filter, qos } of subscriptions) {
      if (qos !== 0) this.#levelOf(filter).subscribers.set(clientId, qos);
    }
  }

  /** Who hears this topic, each with the highest quality of service of all filters that match. */
  match(topic: string): ReadonlyMap<string, 1 | 2> {
    const found = new Map<string, 1 | 2>();
    const add = ({ subscribers }: Level): void => {
      for (const [clientId, qos] of subscribers) {
        if (qos > (found.get(clientId) ?? 0)) found.set(clientId, qos);
      }
    };
    const levels = topic.split("/");
    // MQTT-4.7.2-1: a leading wildcard does not match topics that begin with a dollar sign.
    const isOwn = topic.startsWith("$");
    const visit = (level: Level, place: number): void => {
      const mayBeAny = place > 0 || !isOwn;
      const rest = level.below.get("#");
      if (rest !== undefined && mayBeAny) add(rest);
      const name = levels[place];
      if (name === undefined) {
        add(level);
        return;
      }
      const [named, any] = [level.below.get(name), level.below.get("+")];
      if (named !== undefined) visit(named, place + 1);
      if (any !== undefined && mayBeAny) visit(any, place + 1);
    };
    visit(this.#root, 0);
    return found;
  }

  #levelOf(filter: string): Level {
    let level = this.#root;
    for (const name of filter.split("/")) {
      const next = level.below.get(name) ?? newLevel();
      level.below.set(name, next);
      level = next;
    }
    return level;
  }
}

function newLevel(): Level {
  return { below: new Map(), subscribers: new Map() };
}

/** Removes a subscription, and the levels that lead nowhere then. */
function remove(level: Level, names: readonly string[], clientId: string): void {
  const [name, ...rest] = names;
  if (name === undefined) {
    level.subscribers.delete(clientId);
    return;
  }
  const next = level.below.get(name);
  if (next === undefined) return;
  remove(next, rest, clientId);
  if (next.below.size === 0 && next.subscribers.size === 0) level.below.delete(name);
}
