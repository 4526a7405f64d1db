import { createHash, randomBytes } from "node:crypto";
import { serviceUserName } from "../../schema/access.ts";
import { formatCsv, type ListFault, parseDeviceList } from "../../schema/device-list.ts";
import {
  defaultOverlapSeconds,
  type Labels,
  objectionToDeviceId,
  objectionToFilter,
  objectionToName,
  objectionToPassword,
} from "../../schema/provisioning.ts";
import { messageOf } from "../errors.ts";
import type { EventStream } from "../ports.ts";
import type { Log } from "../telemetry.ts";
import type { AccessStore, Claimed, ClaimStore, NewPrincipal, Patterns } from "./access-ports.ts";
import { generatePassword, hashPassword } from "./password.ts";

/** Why what was asked for is not done. */
export interface Refusal {
  readonly kind: "refused";
  readonly code:
    | "DEVICE_ID_INVALID"
    | "DEVICE_EXISTS"
    | "PASSWORD_INVALID"
    | "NAME_INVALID"
    | "NAME_TAKEN"
    | "TOPIC_FILTER_INVALID"
    | "LIST_INVALID"
    | "TOO_MANY_CHOSEN_PASSWORDS"
    | "NOT_PROVISIONED"
    | "CLAIM_UNKNOWN"
    | "CLAIM_EXPIRED"
    | "CLAIM_USED_UP";
  readonly reason: string;
  /** Of a list: what is wrong with which of its lines. */
  readonly lines?: readonly ListFault[];
}

export interface NewDevice {
  readonly deviceId: string;
  /** Made if left out; null for a device without one, which shows a token or a certificate. */
  readonly password?: string | null | undefined;
  readonly labels?: Labels | undefined;
}

/** A user name with its password, which nobody can be told again. */
export interface Secured {
  readonly userName: string;
  readonly password: string | null;
}

export interface AccessDeskDeps {
  readonly access: AccessStore;
  readonly claims: ClaimStore;
  /** Where brokers hear of changes; null where there is no way to tell them. */
  readonly events: Pick<EventStream, "publish"> | null;
  readonly log: Log;
}

/** Hashes under way at a time; libuv has four threads. */
const hashesAtOnce = 4;
const tokenBytes = 24;

/**
 * Where access is given and taken: makes the passwords, keeps their hashes, and tells the brokers. What is asked for is checked here,
 * so that the API and the command line say the same.
 */
export class AccessDesk {
  readonly #deps: AccessDeskDeps;

  constructor(deps: AccessDeskDeps) {
    this.#deps = deps;
  }

  /** All of them, or none. */
  async provision(devices: readonly NewDevice[], by: string): Promise<readonly Secured[] | Refusal> {
    for (const { deviceId, password } of devices) {
      const objection = objectionToDeviceId(deviceId);
      if (objection !== undefined) return refusal("DEVICE_ID_INVALID", objection);
      const weakness = typeof password === "string" ? objectionToPassword(password) : undefined;
      if (weakness !== undefined) return refusal("PASSWORD_INVALID", weakness);
    }
    const asked = devices.map(({ deviceId, password, labels = {} }) => ({
      userName: deviceId,
      password,
      labels,
      rights: null,
    }));
    return this.#add(asked, by, (taken) => refusal("DEVICE_EXISTS", `provisioned already: ${listed(taken)}`));
  }

  /**
   * Provisions a list of devices (`schema/device-list.ts`); answers with the generated passwords as CSV. Chosen passwords are dear to
   * hash, so a caller that cannot wait says how many there may be.
   */
  async importList(
    text: string,
    by: string,
    mostChosen = Number.POSITIVE_INFINITY,
  ): Promise<string | Refusal> {
    const list = parseDeviceList(text);
    if ("faults" in list) return listRefusal(list.faults);
    const { devices } = list;
    const chosen = devices.filter(({ password }) => password !== undefined).length;
    if (chosen > mostChosen) {
      const reason = `${chosen} passwords are chosen and ${mostChosen} may be, for each takes a while; use the command line`;
      return refusal("TOO_MANY_CHOSEN_PASSWORDS", reason);
    }
    const added = await this.#add(
      devices.map(({ deviceId, password, labels }) => ({
        userName: deviceId,
        password,
        labels,
        rights: null,
      })),
      by,
      (taken) => {
        const isTaken = new Set(taken);
        const reason = "the device is provisioned already";
        return listRefusal(
          devices.filter(({ deviceId }) => isTaken.has(deviceId)).map(({ line }) => ({ line, reason })),
        );
      },
    );
    if ("kind" in added) return added;
    const generated = added.filter((_, place) => devices[place]?.password === undefined);
    return formatCsv([
      ["device_id", "password"],
      ...generated.map(({ userName, password }) => [userName, password ?? ""]),
    ]);
  }

  async addService(name: string, rights: Patterns, by: string): Promise<Secured | Refusal> {
    const objection = objectionToName(name);
    if (objection !== undefined) return refusal("NAME_INVALID", objection);
    for (const filter of [...rights.publish, ...rights.subscribe]) {
      const fault = objectionToFilter(filter);
      if (fault !== undefined) return refusal("TOPIC_FILTER_INVALID", fault);
    }
    const asked = { userName: serviceUserName(name), password: undefined, labels: {}, rights };
    const added = await this.#add([asked], by, () =>
      refusal("NAME_TAKEN", `there is a service account ${name} already`),
    );
    return "kind" in added ? added : (added[0] ?? { userName: asked.userName, password: null });
  }

  /** A new password; the one before stays valid for the overlap. */
  async rotate(
    userName: string,
    {
      overlapSeconds = defaultOverlapSeconds,
      password,
    }: { overlapSeconds?: number | undefined; password?: string | undefined },
    by: string,
  ): Promise<Secured | Refusal> {
    const objection = password === undefined ? undefined : objectionToPassword(password);
    if (objection !== undefined) return refusal("PASSWORD_INVALID", objection);
    const secured = await secure({ userName, password });
    const isDone = await this.#deps.access.rotate(userName, { hash: secured.hash ?? "", overlapSeconds }, by);
    if (!isDone) return unknown(userName);
    await this.#tell(userName);
    return { userName, password: secured.password };
  }

  revoke(userName: string, by: string): Promise<Refusal | undefined> {
    return this.#change(userName, this.#deps.access.revoke(userName, by));
  }

  setEnabled(userName: string, isEnabled: boolean, by: string): Promise<Refusal | undefined> {
    return this.#change(userName, this.#deps.access.setEnabled(userName, isEnabled, by));
  }

  /** What notifications are routed by; brokers have no use for it. */
  async setLabels(userName: string, labels: Labels, by: string): Promise<Refusal | undefined> {
    return (await this.#deps.access.setLabels(userName, labels, by)) ? undefined : unknown(userName);
  }

  remove(userName: string, by: string): Promise<Refusal | undefined> {
    return this.#change(userName, this.#deps.access.remove(userName, by));
  }

  async revokeCertificate(deviceId: string, fingerprint: string, by: string): Promise<void> {
    await this.#deps.access.revokeCertificate(deviceId, fingerprint, by);
    await this.#tell(deviceId);
  }

  /** A new claim token, which nobody can be told again. */
  async addClaim(
    { name, ...token }: { name: string; labels: Labels; maxUses: number; expiresUs: number },
    by: string,
  ): Promise<{ readonly token: string } | Refusal> {
    const objection = objectionToName(name);
    if (objection !== undefined) return refusal("NAME_INVALID", objection);
    const secret = randomBytes(tokenBytes).toString("base64url");
    const isAdded = await this.#deps.claims.add({ name, ...token, digest: digestOf(secret) }, by);
    return isAdded ? { token: secret } : refusal("NAME_TAKEN", `there is a claim token ${name} already`);
  }

  async removeClaim(name: string, by: string): Promise<Refusal | undefined> {
    const isDone = await this.#deps.claims.remove(name, by);
    return isDone ? undefined : refusal("CLAIM_UNKNOWN", `there is no claim token ${name}`);
  }

  /** A device asks for its own credentials, with nothing to show but a claim token. */
  async claim(token: string, deviceId: string): Promise<Secured | Refusal> {
    const objection = objectionToDeviceId(deviceId);
    if (objection !== undefined) return refusal("DEVICE_ID_INVALID", objection);
    const { hash, password } = await secure({ userName: deviceId, password: undefined });
    const claimed = await this.#deps.claims.redeem({ digest: digestOf(token), deviceId, hash: hash ?? "" });
    return claimed.kind === "claimed" ? { userName: deviceId, password } : claimRefusal(claimed.kind);
  }

  async #add(
    asked: readonly (Omit<NewPrincipal, "hash"> & { password: string | null | undefined })[],
    by: string,
    taken: (userNames: readonly string[]) => Refusal,
  ): Promise<readonly Secured[] | Refusal> {
    const added: (NewPrincipal & Secured)[] = [];
    for (let at = 0; at < asked.length; at += hashesAtOnce) {
      const some = asked.slice(at, at + hashesAtOnce);
      added.push(...(await Promise.all(some.map(async (one) => ({ ...one, ...(await secure(one)) })))));
    }
    const outcome = await this.#deps.access.add(added, by);
    // Brokers believe that a name is unknown for a second only, so they need not be told.
    if (outcome.kind === "taken") return taken(outcome.userNames);
    return added.map(({ userName, password }) => ({ userName, password }));
  }

  async #change(userName: string, change: Promise<boolean>): Promise<Refusal | undefined> {
    if (!(await change)) return unknown(userName);
    await this.#tell(userName);
    return undefined;
  }

  /** The change stands, whether or not the brokers hear of it: they look again within a minute. */
  async #tell(principal: string): Promise<void> {
    try {
      await this.#deps.events?.publish([{ kind: "access-changed", principal }]);
    } catch (error) {
      this.#deps.log.warn({ reason: messageOf(error) }, "brokers not told of a change of access");
    }
  }
}

async function secure({
  userName,
  password,
}: {
  userName: string;
  password: string | null | undefined;
}): Promise<Secured & { hash: string | null }> {
  if (password === null) return { userName, password: null, hash: null };
  const made = password ?? generatePassword();
  const hash = await hashPassword(made, password === undefined ? "generated" : "chosen");
  return { userName, password: made, hash };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function refusal(code: Refusal["code"], reason: string): Refusal {
  return { kind: "refused", code, reason };
}

function unknown(userName: string): Refusal {
  return refusal("NOT_PROVISIONED", `${JSON.stringify(userName)} is not provisioned`);
}

function listRefusal(lines: readonly ListFault[]): Refusal {
  const reason = `nothing was done, for ${lines.length === 1 ? "a line is" : "lines are"} at fault`;
  return { ...refusal("LIST_INVALID", reason), lines };
}

function claimRefusal(kind: Exclude<Claimed["kind"], "claimed">): Refusal {
  switch (kind) {
    case "unknown":
      return refusal("CLAIM_UNKNOWN", "there is no such claim token");
    case "expired":
      return refusal("CLAIM_EXPIRED", "the claim token has expired; ask for a new one");
    case "used-up":
      return refusal("CLAIM_USED_UP", "the claim token was used as often as it may be; ask for a new one");
    case "device-exists":
      return refusal(
        "DEVICE_EXISTS",
        "the device is provisioned already; its password can be rotated by an operator",
      );
  }
}

const namesShown = 10;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).join(", ");
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown;
}
