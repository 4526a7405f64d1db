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
// Less than the gateway waits for its CONNACK.
const secretMs = 2000;

/**
 * For ACCESS=open: nobody is asked who they are. Whoever shows that it is a process of the platform itself is known as one. What only the
 * platform may say is kept from everybody elsewhere.
 */
export class OpenGuard implements Guard {
  readonly #deps: OpenGuardDeps;
  readonly #own = new WeakSet<Client>();
  #secret: Buffer | undefined;

  constructor(deps: OpenGuardDeps) {
    this.#deps = deps;
  }

  meet(): void {}

  note(): void {}

  async admit(client: Client, userName: string | undefined, password: Buffer | undefined): Promise<void> {
    if (userName === undefined || password === undefined || !ownUserNames.has(userName)) return;
    const secret = await this.#ownSecret();
    if (secret === undefined) return;
    if ((await ownerOfOwnToken(secret, password.toString("latin1"))) === userName) this.#own.add(client);
  }

  isOwn(client: Client): boolean {
    return this.#own.has(client);
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
    return Promise.resolve();
  }

  async #ownSecret(): Promise<Buffer | undefined> {
    const { secrets, log } = this.#deps;
    if (secrets === null) return undefined;
    try {
      this.#secret ??= await within(secretMs, () => secrets.get(tokenSecretName));
    } catch (error) {
      log.debug({ reason: messageOf(error) }, "who says that it is of the platform is taken for anybody");
    }
    return this.#secret;
  }
}
