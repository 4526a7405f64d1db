import { parseArgs } from "node:util";
import { type Role, roles } from "../../schema/access.ts";
import { accessNamePattern } from "../../schema/operator.ts";

export const operatorUsage = `  operators add NAME --role ${roles.join("|")}
  operators role NAME --role ${roles.join("|")}
  operators password NAME   makes one up and prints it
  operators disable|enable|delete NAME
  operators list
`;

/** A command about who may use the console and the API. */
export type OperatorCommand = { readonly noun: "operators" } & (
  | { readonly verb: "add" | "role"; readonly name: string; readonly role: Role }
  | { readonly verb: "password" | "disable" | "enable" | "delete"; readonly name: string }
  | { readonly verb: "list" }
);

/** Reads `operators VERB ...`. @throws TypeError for an option that does not exist. */
export function readOperatorCommand(args: readonly string[]): OperatorCommand | { readonly mistake: string } {
  const options = { role: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [, verb = "", name = "", ...more] = positionals;
  const noun = "operators";
  if (verb === "list" && name === "") return { noun, verb };
  if (more.length > 0) return { mistake: `operators ${verb} takes one name` };
  switch (verb) {
    case "add":
    case "role": {
      const role = roles.find((one) => one === values.role);
      if (role === undefined)
        return { mistake: `operators ${verb} needs --role, one of ${roles.join(", ")}` };
      return isName(name) ? { noun, verb, name, role } : { mistake: wrongName };
    }
    case "password":
    case "disable":
    case "enable":
    case "delete":
      return isName(name) ? { noun, verb, name } : { mistake: wrongName };
    default:
      return { mistake: `there is no command operators ${verb}`.trimEnd() };
  }
}

const wrongName = "a name has 1 to 64 small letters, digits and . _ @ -";

function isName(name: string): boolean {
  return new RegExp(accessNamePattern).test(name);
}
