import { Deployment, StatefulSet } from "kubernetes-models/apps/v1";
import { Ingress, NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { ConfigMap, Namespace, Service } from "kubernetes-models/v1";
import { isMapping, type Mapping } from "./kustomize.ts";

const models = [
  ConfigMap,
  Deployment,
  Ingress,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  StatefulSet,
];

/** What Kubernetes' own schema has against a manifest: wrong types, missing fields, and fields that it does not know. */
export function faultsOf(manifest: Mapping): string[] {
  const model = models.find(
    ({ apiVersion, kind }) => apiVersion === manifest["apiVersion"] && kind === manifest["kind"],
  );
  if (model === undefined) return [`no schema for ${manifest["apiVersion"]} ${manifest["kind"]}`];
  const watched = watch(manifest, "");
  try {
    model.prototype.validate.call(watched.value);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return watched.unread().map((path) => `${path} is not a field`);
}

interface Watched {
  readonly value: unknown;
  readonly unread: () => readonly string[];
}

// The published schemas leave unknown fields alone, as the API does, so a misspelt probe would simply not be there. But a
// validator asks for every field it knows: one that was never asked for is one that Kubernetes does not have.
function watch(value: unknown, path: string): Watched {
  if (!Array.isArray(value) && !isMapping(value)) return { value, unread: () => [] };
  const inner = new Map(Object.entries(value).map(([key, child]) => [key, watch(child, `${path}/${key}`)]));
  const asked = new Set<string | symbol>();
  const proxy = new Proxy(value, {
    get: (target, key) => {
      asked.add(key);
      return inner.get(String(key))?.value ?? Reflect.get(target, key);
    },
  });
  const unread = () =>
    [...inner].flatMap(([key, child]) => (asked.has(key) ? child.unread() : [`${path}/${key}`]));
  return { value: proxy, unread };
}
