import { formatCsv } from "../../schema/device-list.ts";
import type { OperatorCommand } from "./operator-command.ts";
import type { OperatorChange, OperatorStore } from "./operator-ports.ts";
import { generatePassword, hashPassword } from "./password.ts";

/** Whoever may run a command on the machine. */
const by = "command line";

export interface OperatorRefusal {
  readonly code: "NAME_TAKEN" | "OPERATOR_UNKNOWN" | "LAST_ADMIN";
  readonly reason: string;
  /** Only lists have lines that are wrong. */
  readonly lines?: undefined;
}

/** Does what was asked for on the command line; answers with what to print. */
export async function administerOperators(
  command: OperatorCommand,
  operators: OperatorStore,
): Promise<string | OperatorRefusal> {
  switch (command.verb) {
    case "list":
      return listOf(operators);
    case "add": {
      const { name, role } = command;
      const { password, passwordHash } = await makeUp();
      const isAdded = await operators.add({ name, role, passwordHash }, by);
      return isAdded ? printed(name, password) : { code: "NAME_TAKEN", reason: `${name} is taken` };
    }
    case "password": {
      const { password, passwordHash } = await makeUp();
      const isSet = await operators.setPassword(command.name, passwordHash, by);
      return isSet ? printed(command.name, password) : outcomeOf("unknown", command.name);
    }
    case "role":
      return outcomeOf(await operators.change(command.name, { role: command.role }, by), command.name);
    case "disable":
    case "enable": {
      const isDisabled = command.verb === "disable";
      return outcomeOf(await operators.change(command.name, { isDisabled }, by), command.name);
    }
    case "delete":
      return outcomeOf(await operators.remove(command.name, by), command.name);
  }
}

async function makeUp(): Promise<{ password: string; passwordHash: string }> {
  const password = generatePassword();
  // Its owner may choose another one, which is then as dear to guess at.
  return { password, passwordHash: await hashPassword(password, "chosen") };
}

function printed(name: string, password: string): string {
  return formatCsv([
    ["name", "password"],
    [name, password],
  ]);
}

async function listOf(operators: OperatorStore): Promise<string> {
  const rows = (await operators.list()).map(({ name, role, isDisabled, lastLoginUs }) => [
    name,
    role,
    isDisabled ? "disabled" : "",
    lastLoginUs === null ? "" : new Date(lastLoginUs / 1000).toISOString(),
  ]);
  return formatCsv([["name", "role", "state", "last_login"], ...rows]);
}

function outcomeOf(outcome: OperatorChange, name: string): string | OperatorRefusal {
  switch (outcome) {
    case "done":
      return "done\n";
    case "unknown":
      return { code: "OPERATOR_UNKNOWN", reason: `there is no operator ${name}` };
    case "last-admin":
      return {
        code: "LAST_ADMIN",
        reason: `${name} is the last admin who can log in; make another one first`,
      };
  }
}
