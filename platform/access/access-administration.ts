import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { serviceUserName } from "../../schema/access.ts";
import { formatCsv } from "../../schema/device-list.ts";
import { formatLabels } from "../../schema/provisioning.ts";
import { messageOf, PlatformError } from "../errors.ts";
import type { Clock } from "../ports.ts";
import type { AccessCommand } from "./access-command.ts";
import type { AccessDesk, Refusal, Secured } from "./access-desk.ts";
import type { AccessStore, ClaimStore, PrincipalSummary } from "./access-ports.ts";

export interface AdministrationDeps {
  readonly desk: AccessDesk;
  readonly access: AccessStore;
  readonly claims: ClaimStore;
  readonly now: Clock;
}

/** Whoever may run a command on the machine. */
const by = "command line";
const pageSize = 1000;

/** Does what was asked for on the command line; answers with what to print, which is CSV where it is more than a word. */
export function administer(command: AccessCommand, deps: AdministrationDeps): Promise<string | Refusal> {
  switch (command.noun) {
    case "devices":
      return administerDevices(command, deps);
    case "services":
      return administerServices(command, deps);
    case "claims":
      return administerClaims(command, deps);
  }
}

async function administerDevices(
  command: AccessCommand,
  deps: AdministrationDeps,
): Promise<string | Refusal> {
  const { verb, names, labels, hasPassword } = command;
  switch (verb) {
    case "add": {
      const password = hasPassword ? undefined : null;
      const devices = [...new Set(names)].map((deviceId) => ({ deviceId, labels, password }));
      const added = await deps.desk.provision(devices, by);
      return "kind" in added ? added : securedList(added);
    }
    case "import":
      return deps.desk.importList(await fileOf(names[0] ?? ""), by);
    case "list":
      return listOf("device", deps.access);
    default:
      return change(names[0] ?? "", command, deps);
  }
}

async function administerServices(
  command: AccessCommand,
  deps: AdministrationDeps,
): Promise<string | Refusal> {
  const { verb, names, publish, subscribe } = command;
  const [name = ""] = names;
  switch (verb) {
    case "add": {
      const added = await deps.desk.addService(name, { publish, subscribe }, by);
      return "kind" in added ? added : securedList([added]);
    }
    case "list":
      return listOf("service", deps.access);
    default:
      return change(serviceUserName(name), command, deps);
  }
}

async function administerClaims(command: AccessCommand, deps: AdministrationDeps): Promise<string | Refusal> {
  const { verb, names, labels, uses: maxUses, hours } = command;
  const [name = ""] = names;
  switch (verb) {
    case "add": {
      const expiresUs = deps.now() + Math.round(hours * 3600e6);
      const added = await deps.desk.addClaim({ name, labels, maxUses, expiresUs }, by);
      return "kind" in added
        ? added
        : formatCsv([
            ["claim", "token"],
            [name, added.token],
          ]);
    }
    case "delete":
      return (await deps.desk.removeClaim(name, by)) ?? done;
    default: {
      const claims = await deps.claims.list();
      const rows = claims.map((claim) => [
        claim.name,
        `${claim.uses}`,
        `${claim.maxUses}`,
        timeOf(claim.expiresUs),
        formatLabels(claim.labels),
      ]);
      return formatCsv([["claim", "uses", "max_uses", "expires", "labels"], ...rows]);
    }
  }
}

const done = "done\n";

async function change(
  userName: string,
  { verb, overlapSeconds }: AccessCommand,
  { desk }: AdministrationDeps,
): Promise<string | Refusal> {
  switch (verb) {
    case "rotate": {
      const rotated = await desk.rotate(userName, { overlapSeconds }, by);
      return "kind" in rotated ? rotated : securedList([rotated]);
    }
    case "revoke":
      return (await desk.revoke(userName, by)) ?? done;
    case "delete":
      return (await desk.remove(userName, by)) ?? done;
    default:
      return (await desk.setEnabled(userName, verb === "enable", by)) ?? done;
  }
}

function securedList(secured: readonly Secured[]): string {
  return formatCsv([
    ["user_name", "password"],
    ...secured.map(({ userName, password }) => [userName, password ?? ""]),
  ]);
}

async function listOf(kind: "device" | "service", access: AccessStore): Promise<string> {
  const rows: string[][] = [];
  for (let after = ""; ; ) {
    const page = await access.list({ kind, after, limit: pageSize });
    rows.push(...page.map((summary) => rowOf(kind, summary)));
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    after = last.userName;
  }
  const own = kind === "device" ? ["labels"] : ["publish", "subscribe"];
  return formatCsv([["user_name", "enabled", "passwords", "added", ...own], ...rows]);
}

function rowOf(kind: "device" | "service", summary: PrincipalSummary): string[] {
  const { userName, isEnabled, passwords, createdUs, labels, rights } = summary;
  const common = [userName, isEnabled ? "yes" : "no", `${passwords.length}`, timeOf(createdUs)];
  if (kind === "device") return [...common, formatLabels(labels)];
  return [...common, (rights?.publish ?? []).join(" "), (rights?.subscribe ?? []).join(" ")];
}

function timeOf(us: number): string {
  return new Date(us / 1000).toISOString();
}

/** @throws PlatformError INPUT_UNREADABLE */
async function fileOf(path: string): Promise<string> {
  if (path === "-") return textOf(process.stdin);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const message = `cannot read the list of devices: ${messageOf(cause)}`;
    throw new PlatformError("INPUT_UNREADABLE", message, { cause, retryable: false });
  }
}
