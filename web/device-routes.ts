import { Type } from "typebox";
import type { AccessDesk } from "../platform/access/access-desk.ts";
import type { AccessStore, PrincipalSummary } from "../platform/access/access-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import {
  DeviceAccessAnswer,
  DeviceAccessesAnswer,
  DeviceLabelsBody,
  ProvisionAnswer,
  ProvisionBody,
  RevokeCertificateBody,
  RotateBody,
  SecuredAnswer,
} from "../schema/access-api.ts";
import { DeviceIdText } from "../schema/api.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuseAccess } from "./refusals.ts";

export interface DeviceRouteDeps {
  readonly access: AccessStore;
  readonly desk: AccessDesk;
}

/** A chosen password takes a fifth of a second to hash, and an answer may not be awaited for ever. */
const mostChosenAnImport = 50;
const Params = Type.Object({ id: DeviceIdText });
interface OfDevice {
  Params: { id: string };
}

/** Puts on a door who may connect as a device: to provision, to list, to change, to revoke. */
export async function mountDeviceAccess(door: HttpDoor, deps: DeviceRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountProvisioning(scope, deps);
    mountLooks(scope, deps);
    mountPasswords(scope, deps);
    mountChanges(scope, deps);
    done();
  });
  await door.register((scope, _options, done) => {
    mountImport(scope, deps);
    done();
  });
}

function mountProvisioning(scope: HttpDoor, { desk }: DeviceRouteDeps): void {
  scope.post<{ Body: ProvisionBody }>(
    "/api/v1/devices",
    { config: { needs: "admin" }, schema: { body: ProvisionBody, response: { 201: ProvisionAnswer } } },
    async (request, reply) => {
      const asked = "devices" in request.body ? request.body.devices : [request.body];
      const devices = asked.map(({ id, password, labels }) => ({ deviceId: id, password, labels }));
      const twice = devices.find(
        ({ deviceId }, place) => devices.findIndex((other) => other.deviceId === deviceId) < place,
      );
      if (twice !== undefined) {
        const reason = `${twice.deviceId} is named twice`;
        return refuseAccess(reply, { kind: "refused", code: "DEVICE_ID_INVALID", reason });
      }
      const added = await desk.provision(devices, actorOf(request).name);
      if ("kind" in added) return refuseAccess(reply, added);
      return reply
        .code(201)
        .send({ devices: added.map(({ userName, password }) => ({ id: userName, password })) });
    },
  );
}

function mountImport(scope: HttpDoor, { desk }: DeviceRouteDeps): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("text/csv", { parseAs: "string" }, (_request, body, done) => done(null, body));
  scope.post(
    "/api/v1/devices/import",
    { config: { needs: "admin", takes: "text/csv" } },
    async (request, reply) => {
      const text = typeof request.body === "string" ? request.body : "";
      const imported = await desk.importList(text, actorOf(request).name, mostChosenAnImport);
      if (typeof imported !== "string") return refuseAccess(reply, imported);
      return reply.code(201).type("text/csv; charset=utf-8").send(imported);
    },
  );
}

function mountLooks(scope: HttpDoor, { access }: DeviceRouteDeps): void {
  const config = { needs: "operator" } as const;
  scope.get<{ Querystring: { after: string; limit: number } }>(
    "/api/v1/access/devices",
    {
      config,
      schema: {
        querystring: Type.Object({
          after: Type.Unsafe<string>({ ...DeviceIdText, minLength: 0, default: "" }),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
        }),
        response: { 200: DeviceAccessesAnswer },
      },
    },
    async ({ query: { after, limit } }) => {
      const devices = await access.list({ kind: "device", after, limit });
      const next = devices.length < limit ? undefined : devices.at(-1)?.userName;
      return { devices: devices.map(toAnswer), next: next ?? null };
    },
  );
  scope.get<OfDevice>(
    "/api/v1/devices/:id/access",
    { config, schema: { params: Params, response: { 200: DeviceAccessAnswer } } },
    async ({ params: { id } }, reply) => {
      const found = await access.describe(id);
      if (found !== null && found.rights === null) return toAnswer(found);
      const reason = `${JSON.stringify(id)} is not provisioned`;
      return refuseAccess(reply, { kind: "refused", code: "NOT_PROVISIONED", reason });
    },
  );
}

function toAnswer({ userName, rights: _, ...summary }: PrincipalSummary): DeviceAccessAnswer {
  return {
    id: userName,
    ...summary,
    passwords: [...summary.passwords],
    revokedCertificates: [...summary.revokedCertificates],
  };
}

function mountPasswords(scope: HttpDoor, { desk }: DeviceRouteDeps): void {
  scope.post<OfDevice & { Body: RotateBody }>(
    "/api/v1/devices/:id/rotate",
    {
      config: { needs: "admin" },
      schema: { params: Params, body: RotateBody, response: { 200: SecuredAnswer } },
    },
    async (request, reply) => {
      const rotated = await desk.rotate(request.params.id, request.body, actorOf(request).name);
      return "kind" in rotated ? refuseAccess(reply, rotated) : rotated;
    },
  );
}

function mountChanges(scope: HttpDoor, { desk }: DeviceRouteDeps): void {
  const options = { config: { needs: "admin" }, schema: { params: Params } } as const;
  const changes = {
    revoke: (id: string, by: string) => desk.revoke(id, by),
    enable: (id: string, by: string) => desk.setEnabled(id, true, by),
    disable: (id: string, by: string) => desk.setEnabled(id, false, by),
  };
  for (const [verb, change] of Object.entries(changes)) {
    scope.post<OfDevice>(`/api/v1/devices/:id/${verb}`, options, async (request, reply) => {
      const refused = await change(request.params.id, actorOf(request).name);
      return refused === undefined ? reply.code(204).send() : refuseAccess(reply, refused);
    });
  }
  scope.put<OfDevice & { Body: DeviceLabelsBody }>(
    "/api/v1/devices/:id/labels",
    { config: { needs: "admin" }, schema: { params: Params, body: DeviceLabelsBody } },
    async (request, reply) => {
      const refused = await desk.setLabels(request.params.id, request.body.labels, actorOf(request).name);
      return refused === undefined ? reply.code(204).send() : refuseAccess(reply, refused);
    },
  );
  scope.delete<OfDevice>("/api/v1/devices/:id", options, async (request, reply) => {
    const refused = await desk.remove(request.params.id, actorOf(request).name);
    return refused === undefined ? reply.code(204).send() : refuseAccess(reply, refused);
  });
  scope.post<OfDevice & { Body: RevokeCertificateBody }>(
    "/api/v1/devices/:id/certificates/revoke",
    { config: { needs: "admin" }, schema: { params: Params, body: RevokeCertificateBody } },
    async (request, reply) => {
      await desk.revokeCertificate(request.params.id, request.body.fingerprint, actorOf(request).name);
      return reply.code(204).send();
    },
  );
}
