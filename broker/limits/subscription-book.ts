import type { Subscription } from "aedes";

interface Account {
  readonly filters: Set<string>;
  /** Granted, and not yet taken to be stored. */
  fresh: Subscription[];
}

/** The filters that each client has been granted. An account lives as long as its client. */
export class SubscriptionBook {
  /** 0 is no limit. */
  readonly #most: number;
  readonly #accounts = new WeakMap<object, Account>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Grants a subscription, unless the client has as many as it may have. */
  grant(client: { readonly clean: boolean }, subscription: Subscription): boolean {
    const account = this.#accounts.get(client) ?? { filters: new Set(), fresh: [] };
    this.#accounts.set(client, account);
    const { filters, fresh } = account;
    if (this.#most > 0 && filters.size >= this.#most && !filters.has(subscription.topic)) return false;
    filters.add(subscription.topic);
    if (!client.clean) fresh.push(subscription);
    return true;
  }

  /** What was granted since this was last asked, to be stored with the session. */
  takeFresh(client: object): readonly Subscription[] {
    const account = this.#accounts.get(client);
    if (account === undefined) return [];
    const { fresh } = account;
    account.fresh = [];
    return fresh;
  }

  release(client: object, filters: readonly string[]): void {
    for (const filter of filters) this.#accounts.get(client)?.filters.delete(filter);
  }
}
