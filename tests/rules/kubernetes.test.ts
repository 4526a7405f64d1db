import { execFileSync, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { readConfig, serviceNames } from "../../platform/config.ts";
import { mostConnections } from "../../platform/database/database.ts";
import { createAuthority } from "../harness/certificates.ts";
import { holdsSecret, knownVariables } from "./env-names.ts";
import { faultsOf } from "./kubernetes-schema.ts";
import { at, build, containersOf, isMapping, listAt, type Mapping, textAt } from "./kustomize.ts";

const nameOf = (resource: Mapping) => `${textAt(resource, "kind")} ${textAt(resource, "metadata", "name")}`;
const ofKind = (resources: readonly Mapping[], kind: string) =>
  resources.filter((resource) => resource["kind"] === kind);
const isOurs = (container: Mapping) => textAt(container, "image").startsWith("tidemark:");

/** The containers' own variables, and those of the config maps they take whole. */
function environmentOf(container: Mapping, resources: readonly Mapping[]): [string, unknown][] {
  const own = listAt(container, "env").map((entry): [string, unknown] => [textAt(entry, "name"), entry]);
  const shared = listAt(container, "envFrom").flatMap((entry) => {
    const name = at(entry, "configMapRef", "name");
    const map = ofKind(resources, "ConfigMap").find(
      (candidate) => at(candidate, "metadata", "name") === name,
    );
    const data = at(map, "data");
    return isMapping(data)
      ? Object.entries(data)
      : [[`(config map ${name} is missing)`, ""] as [string, unknown]];
  });
  return [...shared, ...own];
}

function isSelected(selector: unknown, resource: Mapping): boolean {
  const labels = at(resource, "spec", "template", "metadata", "labels");
  return (
    isMapping(selector) &&
    isMapping(labels) &&
    Object.entries(selector).every(([key, value]) => labels[key] === value)
  );
}

const real = [
  ["kustomize", "build"],
  ["kubectl", "kustomize"],
].find(([command = "", ...args]) => spawnSync(command, [...args, "--help"]).status === 0);

/** What a container finds where its secrets are mounted. */
const authority = createAuthority("cluster");
const { certFile, keyFile } = authority.issue("tidemark");
afterAll(() => rmSync(authority.folder, { recursive: true, force: true }));

describe.each(["k8s/base", "k8s/overlays/k3s", "k8s/overlays/k3s-tls"])("%s", (folder) => {
  const resources = build(folder);
  const workloads = resources.filter((resource) => containersOf(resource).length > 0);
  const pods = workloads.map((resource) => [nameOf(resource), resource] as const);
  const containers = workloads.flatMap((resource) =>
    containersOf(resource).map((container) => [nameOf(resource), container] as const),
  );

  test("is what Kubernetes' own schemas allow", () => {
    expect(workloads.length).toBeGreaterThanOrEqual(6);
    expect(
      resources.flatMap((resource) => faultsOf(resource).map((fault) => `${nameOf(resource)}: ${fault}`)),
    ).toEqual([]);
  });

  test.skipIf(real === undefined)("resolves as kustomize itself resolves it", () => {
    const [command = "", ...args] = real ?? [];
    const output = execFileSync(command, [...args, folder], { encoding: "utf8" });
    const theirs = parseAllDocuments(output).map((document): Mapping => document.toJS());
    const sorted = (all: readonly Mapping[]) => all.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
    expect(sorted(resources)).toEqual(sorted(theirs));
  });

  test("sets only variables that .env.example explains", () => {
    const set = containers
      .filter(([, container]) => isOurs(container))
      .flatMap(([, container]) => environmentOf(container, resources).map(([name]) => name));
    const known = knownVariables();
    expect([...new Set(set)].filter((name) => !known.has(name))).toEqual([]);
  });

  test("sets what each service starts with", () => {
    const secrets: Readonly<Record<string, string>> = {
      DATABASE_URL: "postgres://tidemark:secret@timescaledb/tidemark",
      LEGACY_HTTP_KEY: "0123456789abcdef",
    };
    const mounted: Readonly<Record<string, string>> = { "/tls/tls.crt": certFile, "/tls/tls.key": keyFile };
    for (const name of serviceNames) {
      const container = workloads.flatMap(containersOf).find((one) => listAt(one, "args")[0] === name) ?? {};
      const set = environmentOf(container, resources).map(([key, value]) => [
        key,
        typeof value === "string" ? (mounted[value] ?? value) : textAt(value, "value") || secrets[key],
      ]);
      expect(readConfig([name], Object.fromEntries(set))).toMatchObject({ ACCESS: "credentials" });
    }
  });

  test("names secrets and holds none", () => {
    expect(ofKind(resources, "Secret")).toEqual([]);
    for (const [, container] of containers) {
      for (const [name, value] of environmentOf(container, resources)) {
        const secret = at(value, "valueFrom", "secretKeyRef", "name");
        if (secret === undefined)
          expect(holdsSecret(name, textAt(value, "value") || String(value))).toBe(false);
        else expect(secret).toBe("tidemark-secrets");
      }
    }
  });

  test.each(pods)("%s runs without root, and learns nothing of its neighbours", (_, workload) => {
    const pod = at(workload, "spec", "template", "spec");
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(at(pod, "securityContext")).toMatchObject({
      runAsNonRoot: true,
      runAsUser: expect.toSatisfy((user: number) => user > 0),
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(isSelected(at(workload, "spec", "selector", "matchLabels"), workload)).toBe(true);
  });

  test.each(containers)("the container of %s is closed, limited and probed", (_, container) => {
    expect(container["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    for (const amount of ["requests", "limits"]) {
      expect(at(container, "resources", amount)).toMatchObject({
        cpu: expect.any(String),
        memory: expect.any(String),
      });
    }
    const ports = listAt(container, "ports").map((port) => textAt(port, "name"));
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      expect(container).toHaveProperty(probe);
      const port = at(container, probe, "httpGet", "port");
      if (port !== undefined) expect(ports).toContain(port);
    }
    const volumes = listAt(container, "volumeMounts").map((mount) => textAt(mount, "name"));
    expect(volumes.length).toBeGreaterThan(0);
  });

  test("nobody without root is given a folder of the kubelet's making, and PostgreSQL makes its own", () => {
    const mounts = containers.flatMap(([, container]) => listAt(container, "volumeMounts"));
    expect(mounts.filter((mount) => at(mount, "subPath") !== undefined)).toEqual([]);
    const database = containers.find(([name]) => name === "StatefulSet timescaledb")?.[1] ?? {};
    const [data] = listAt(database, "volumeMounts").filter((mount) => at(mount, "name") === "data");
    const folder = Object.fromEntries(environmentOf(database, resources))["PGDATA"];
    expect(textAt(folder, "value")).toMatch(new RegExp(`^${textAt(data, "mountPath")}/.`));
  });

  test("PostgreSQL has the connections that all pods open while they are replaced", () => {
    const database = containers.find(([name]) => name === "StatefulSet timescaledb")?.[1] ?? {};
    const most = Number(/^max_connections=(\d+)$/m.exec(listAt(database, "args").join("\n"))?.[1]);
    const deployments = ofKind(resources, "Deployment").filter((one) => containersOf(one).some(isOurs));
    // One more than its replicas, as each of them updates; a command by hand; and 3 for the superuser.
    const processes = deployments.reduce((sum, one) => sum + Number(at(one, "spec", "replicas")) + 1, 1);
    const [config] = ofKind(resources, "ConfigMap");
    const shards = Number(textAt(config, "data", "SHARDS"));
    expect(most).toBeGreaterThanOrEqual(processes * mostConnections({ SHARDS: shards }) + 3);
  });

  test("who comes from outside keeps the address that the limits go by", () => {
    const open = ofKind(resources, "Service").filter((service) => at(service, "spec", "type") !== undefined);
    const hiding = open.filter((service) => at(service, "spec", "externalTrafficPolicy") !== "Local");
    expect(hiding.map(nameOf)).toEqual([]);
  });

  test("every service, budget and route leads to pods that exist", () => {
    for (const service of ofKind(resources, "Service")) {
      const behind = workloads.filter((workload) => isSelected(at(service, "spec", "selector"), workload));
      const open = behind
        .flatMap(containersOf)
        .flatMap((container) => listAt(container, "ports").map((port) => at(port, "name")));
      for (const port of listAt(service, "spec", "ports")) expect(open).toContain(at(port, "targetPort"));
    }
    for (const budget of ofKind(resources, "PodDisruptionBudget")) {
      const selector = at(budget, "spec", "selector", "matchLabels");
      expect(workloads.filter((workload) => isSelected(selector, workload))).toHaveLength(1);
    }
    const services = ofKind(resources, "Service").flatMap((service) =>
      listAt(service, "spec", "ports").map(
        (port) => `${textAt(service, "metadata", "name")}:${textAt(port, "name")}`,
      ),
    );
    const routes = ofKind(resources, "Ingress")
      .flatMap((ingress) => listAt(ingress, "spec", "rules"))
      .flatMap((rule) => listAt(rule, "http", "paths"))
      .map((path) => at(path, "backend", "service"));
    for (const to of routes)
      expect(services).toContain(`${textAt(to, "name")}:${textAt(to, "port", "name")}`);
  });
});

describe("the schemas notice", () => {
  const deployment = build("k8s/base").find((resource) => resource["kind"] === "Deployment") ?? {};
  const container = containersOf(deployment)[0] ?? {};
  const withContainer = (changes: Mapping): Mapping => ({
    ...deployment,
    spec: {
      ...(isMapping(deployment["spec"]) ? deployment["spec"] : {}),
      template: { spec: { containers: [{ ...container, ...changes }] } },
    },
  });

  test.each([
    ["a misspelt field", { livenesProbe: {} }, /livenesProbe is not a field/],
    ["a field at the wrong depth", { readinessProbe: { path: "/ready" } }, /path is not a field/],
    ["a number for a text", { args: [1] }, /must be string/],
    ["a text for a mapping", { resources: "small" }, /must be object/],
  ])("%s", (_, changes, fault) => {
    expect(faultsOf(withContainer(changes)).join()).toMatch(fault);
  });

  test("a missing field, and a kind they do not know", () => {
    expect(faultsOf({ ...deployment, spec: {} }).join()).toMatch(/required property/);
    expect(faultsOf({ apiVersion: "apps/v2", kind: "Deployment" }).join()).toMatch(/no schema/);
  });
});
