import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** A parsed piece of YAML that is a mapping. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What lies at a path of keys and indices, or undefined. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)];
    return isMapping(inner) ? inner[key] : undefined;
  }, value);
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

const understood = ["apiVersion", "kind", "namespace", "resources", "images", "patches"];

/**
 * What `kustomize build` prints for a folder, as objects, so that manifests can be judged where no kustomize is installed.
 * @throws Error on a feature it does not know, rather than leaving it out.
 */
export function build(folder: string): Mapping[] {
  const settings: unknown = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8"));
  if (!isMapping(settings)) throw new Error(`${folder}/kustomization.yaml is not a mapping`);
  const unknown = Object.keys(settings).filter((key) => !understood.includes(key));
  if (unknown.length > 0)
    throw new Error(`${folder}/kustomization.yaml: cannot resolve ${unknown.join(", ")}`);
  const resources = listAt(settings, "resources").flatMap((name) => load(join(folder, String(name))));
  for (const patch of listAt(settings, "patches")) applyPatch(resources, patch);
  for (const image of listAt(settings, "images")) renameImage(resources, image);
  return resources.map((resource) => inNamespace(resource, textAt(settings, "namespace")));
}

function load(path: string): Mapping[] {
  if (statSync(path).isDirectory()) return build(path);
  return parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
    if (document.errors[0] !== undefined) throw new Error(`${path}: ${document.errors[0].message}`);
    const resource: unknown = document.toJS();
    if (!isMapping(resource)) throw new Error(`${path} holds something that is no mapping`);
    return resource;
  });
}

function inNamespace(resource: Mapping, namespace: string): Mapping {
  if (namespace === "" || resource["kind"] === "Namespace") return resource;
  const metadata = resource["metadata"];
  return { ...resource, metadata: { ...(isMapping(metadata) ? metadata : {}), namespace } };
}

function applyPatch(resources: readonly Mapping[], patch: unknown): void {
  const targets = resources.filter((resource) => {
    const name = at(patch, "target", "name");
    const isNamed = name === undefined || name === at(resource, "metadata", "name");
    return isNamed && at(patch, "target", "kind") === resource["kind"];
  });
  if (targets.length === 0) throw new Error(`a patch finds no target: ${JSON.stringify(patch)}`);
  const operations: unknown = parse(textAt(patch, "patch"));
  if (!Array.isArray(operations)) throw new Error("only JSON patches are understood");
  for (const target of targets) for (const operation of operations) set(target, operation);
}

function set(target: Mapping, operation: unknown): void {
  const [op, path, value] = [at(operation, "op"), textAt(operation, "path"), at(operation, "value")];
  const keys = path.split("/").slice(1);
  const last = keys.pop() ?? "";
  const place = at(target, ...keys);
  if (op === "add" && Array.isArray(place) && last === "-") {
    place.push(value);
    return;
  }
  if (op !== "add" || !isMapping(place)) throw new Error(`cannot apply ${JSON.stringify(operation)}`);
  Object.assign(place, { [last]: value });
}

function renameImage(resources: readonly Mapping[], image: unknown): void {
  for (const container of resources.flatMap(containersOf)) {
    if (container["image"] !== at(image, "name")) continue;
    Object.assign(container, { image: `${textAt(image, "newName")}:${textAt(image, "newTag")}` });
  }
}

/** The containers of whatever makes pods. */
export function containersOf(resource: Mapping): Mapping[] {
  return ["initContainers", "containers"]
    .flatMap((name) => listAt(resource, "spec", "template", "spec", name))
    .filter(isMapping);
}
