import { posix } from "node:path";
import { type ESTree, parseSync, Visitor } from "vite";

/** One thing that a source file takes from elsewhere. */
export interface Import {
  readonly from: string;
  /** A path from the repository's root, or a package's name; "process.env" for the environment, "?" for a computed path. */
  readonly to: string;
  readonly isOurs: boolean;
  /** Nothing of it is left at run time. */
  readonly isTypeOnly: boolean;
}

type Taken = Omit<Import, "from">;

/** Everything the source of `file` imports, statically or not, as types or values; and its uses of `process.env`. */
export function importsOf(file: string, source: string): readonly Import[] {
  const { program, errors } = parseSync(file, source);
  if (errors[0] !== undefined) throw new Error(`cannot parse ${file}: ${errors[0].message}`);
  const found: Import[] = [];
  const take = (taken: Taken) => found.push({ from: file, ...taken });
  new Visitor({
    ImportDeclaration: (node) => take(target(file, node.source.value, node.importKind === "type")),
    ExportAllDeclaration: (node) => take(target(file, node.source.value, node.exportKind === "type")),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) take(target(file, node.source.value, node.exportKind === "type"));
    },
    ImportExpression: (node) => take(target(file, literal(node.source), false)),
    TSImportType: (node) => take(target(file, node.source.value, true)),
    MemberExpression: (node) => {
      if (isNamed(node.object, "process") && isNamed(node.property, "env")) take(environment);
    },
    VariableDeclarator: (node) => {
      if (node.init !== null && isNamed(node.init, "process") && node.id.type === "ObjectPattern")
        take(environment);
    },
  }).visit(program);
  return found;
}

const environment: Taken = { to: "process.env", isOurs: false, isTypeOnly: false };

function target(file: string, specifier: string | undefined, isTypeOnly: boolean): Taken {
  if (specifier === undefined) return { to: "?", isOurs: true, isTypeOnly };
  if (specifier.startsWith(".")) {
    return { to: posix.join(posix.dirname(file), specifier), isOurs: true, isTypeOnly };
  }
  if (/^(?:node:)?process$/.test(specifier)) return environment;
  const [scope = "", name = ""] = specifier.split("/");
  return { to: scope.startsWith("@") ? `${scope}/${name}` : scope, isOurs: false, isTypeOnly };
}

function literal(node: ESTree.Expression): string | undefined {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

function isNamed(node: ESTree.Node, name: string): boolean {
  if (node.type === "MemberExpression") return isNamed(node.property, name);
  return node.type === "Identifier" && node.name === name;
}
