import { Type } from "typebox";
import type { AccessDesk } from "../platform/access/access-desk.ts";
import type { AccessStore } from "../platform/access/access-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import { servicePrefix, serviceUserName } from "../schema/access.ts";
import { NewServiceBody, RotateBody, SecuredAnswer, ServicesAnswer } from "../schema/access-api.ts";
import { actorOf } from "./actor.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuseAccess } from "./refusals.ts";

export interface ServiceRouteDeps {
  readonly access: AccessStore;
  readonly desk: AccessDesk;
}

const mostServices = 1000;
const Params = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64, pattern: "^[^\\u0000]*$" }) });
interface OfService {
  Params: { name: string };
}

/** Puts service accounts on a door: programs that are no devices, with the topics they may use. */
export async function mountServices(door: HttpDoor, deps: ServiceRouteDeps): Promise<void> {
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountAccounts(scope, deps);
    mountChanges(scope, deps);
    done();
  });
}

function mountAccounts(scope: HttpDoor, { access, desk }: ServiceRouteDeps): void {
  scope.get(
    "/api/v1/services",
    { config: { needs: "operator" }, schema: { response: { 200: ServicesAnswer } } },
    async () => {
      const services = await access.list({ kind: "service", after: "", limit: mostServices });
      return {
        services: services.map(({ userName, rights, isEnabled, createdUs, passwords }) => ({
          ...{ name: userName.slice(servicePrefix.length), userName, isEnabled, createdUs, passwords },
          ...{ publish: rights?.publish ?? [], subscribe: rights?.subscribe ?? [] },
        })),
      };
    },
  );
  scope.post<{ Body: NewServiceBody }>(
    "/api/v1/services",
    { config: { needs: "admin" }, schema: { body: NewServiceBody, response: { 201: SecuredAnswer } } },
    async (request, reply) => {
      const { name, ...rights } = request.body;
      const added = await desk.addService(name, rights, actorOf(request).name);
      return "kind" in added ? refuseAccess(reply, added) : reply.code(201).send(added);
    },
  );
}

function mountChanges(scope: HttpDoor, { desk }: ServiceRouteDeps): void {
  const options = { config: { needs: "admin" }, schema: { params: Params } } as const;
  scope.post<OfService & { Body: RotateBody }>(
    "/api/v1/services/:name/rotate",
    {
      config: { needs: "admin" },
      schema: { params: Params, body: RotateBody, response: { 200: SecuredAnswer } },
    },
    async (request, reply) => {
      const userName = serviceUserName(request.params.name);
      const rotated = await desk.rotate(userName, request.body, actorOf(request).name);
      return "kind" in rotated ? refuseAccess(reply, rotated) : rotated;
    },
  );
  const changes = {
    revoke: (userName: string, by: string) => desk.revoke(userName, by),
    enable: (userName: string, by: string) => desk.setEnabled(userName, true, by),
    disable: (userName: string, by: string) => desk.setEnabled(userName, false, by),
  };
  for (const [verb, change] of Object.entries(changes)) {
    scope.post<OfService>(`/api/v1/services/:name/${verb}`, options, async (request, reply) => {
      const refused = await change(serviceUserName(request.params.name), actorOf(request).name);
      return refused === undefined ? reply.code(204).send() : refuseAccess(reply, refused);
    });
  }
  scope.delete<OfService>("/api/v1/services/:name", options, async (request, reply) => {
    const refused = await desk.remove(serviceUserName(request.params.name), actorOf(request).name);
    return refused === undefined ? reply.code(204).send() : refuseAccess(reply, refused);
  });
}
