import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "aedes";
import type { SecretStore } from "../../platform/access/access-ports.ts";
import { ownerOfOwnToken, tokenSecretName } from "../../platform/access/tokens.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Log } from "../../platform/telemetry.ts";
import { ownAccounts, type Principal, serviceUserName } from "../../schema/access.ts";
import { isServersOwn } from "../../schema/topics.ts";
import { within } from "../devices/deadline.ts";
import type { Guard } from "./guard.ts";

export interface OpenGuardDeps {
  /** Null without a database: then nobody can show that it is of the platform. */
  readonly secrets: Pick<SecretStore, "get"> | null;
  readonly log: Log;
}

const anyone: Principal = { kind: "anyone" };
const ownUserNames = new Set(ownAccounts.map(({ name }) => serviceUserName(name)));
const answerMs = 5000;
const retryMs = 1000;

/**
 * For ACCESS=open: nobody is asked who they are, nor waits for the database. Whoever shows that it is a process of the platform itself is
 * known as one as soon as that can be seen. What only the platform may say is kept from everybody elsewhere.
 */
export class OpenGuard implements Guard {
  readonly #deps: OpenGuardDeps;
  readonly #own = new WeakMap<Client, Promise<boolean>>();
  #secret: Promise<Buffer | undefined> | undefined;
  #isStopped = false;

  constructor(deps: OpenGuardDeps) {
    this.#deps = deps;
  }

  meet(): void {}

  note(): void {}

  admit(client: Client, userName: string | undefined, password: Buffer | undefined): Promise<void> {
    if (userName !== undefined && password !== undefined && ownUserNames.has(userName))
      this.#own.set(client, this.#isShown(userName, { token: password.toString("latin1"), at: new Date() }));
    return Promise.resolve();
  }

  isOwn(client: Client): Promise<boolean> {
    return this.#own.get(client) ?? Promise.resolve(false);
  }

  principalOf(): Principal {
    return anyone;
  }

  mayPublish(): boolean {
    return true;
  }

  maySubscribe(_: Client, filter: string): boolean {
    return !isServersOwn(filter);
  }

  mayHear(): boolean {
    return true;
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }

  async #isShown(userName: string, { token, at }: { token: string; at: Date }): Promise<boolean> {
    this.#secret ??= this.#ownSecret();
    const secret = await this.#secret;
    return secret !== undefined && (await ownerOfOwnToken(secret, token, at)) === userName;
  }

  async #ownSecret(): Promise<Buffer | undefined> {
    const { secrets, log } = this.#deps;
    while (secrets !== null && !this.#isStopped) {
      try {
        return await within(answerMs, () => secrets.get(tokenSecretName));
      } catch (error) {
        log.debug({ reason: messageOf(error) }, "not known yet who is of the platform");
        await pause(retryMs, undefined, { ref: false });
      }
    }
    return undefined;
  }
}
