import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import type { CommandStore } from "../platform/devices/command-ports.ts";
import type { HttpDoor } from "../platform/http/http-server.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import {
  CommandName,
  CommandOrder,
  CommandsAnswer,
  commandPayloadBytes,
  isCommandId,
  waitingCommandsLimit,
} from "../schema/command.ts";
import { deviceIdLimit, isDeviceId } from "../schema/reading.ts";
import { actorOf } from "./actor.ts";
import type { CommandDesk, Outcome } from "./command-desk.ts";
import { readJsonBodies } from "./json-bodies.ts";
import { refuse } from "./refusals.ts";

export interface CommandRouteDeps {
  readonly commands: CommandStore;
  readonly desk: CommandDesk;
  readonly log: Log;
  readonly metrics: Metrics;
}

const root = "/api/v1/devices/:id/commands";
const operator = { needs: "operator" } as const;
const ofDevice = { id: Type.String({ minLength: 1, maxLength: deviceIdLimit }) };

/** Puts commands to devices on a door: to give one and wait for the answer, to list them, to call one back. */
export async function mountCommands(door: HttpDoor, deps: CommandRouteDeps): Promise<void> {
  // A scope of its own, since its body parser is not for the other routes of a shared door.
  await door.register((scope, _options, done) => {
    readJsonBodies(scope);
    mountOrder(scope, deps);
    mountList(scope, deps);
    mountCancel(scope, deps);
    done();
  });
}

function mountOrder(scope: HttpDoor, { desk, log, metrics }: CommandRouteDeps): void {
  scope.post<{ Params: { id: string; name: string }; Body: CommandOrder }>(
    `${root}/:name`,
    {
      config: { ...operator, passesTextOn: true },
      schema: { params: Type.Object({ ...ofDevice, name: CommandName }), body: CommandOrder },
    },
    async (request, reply) => {
      const { id: deviceId, name } = request.params;
      if (!isDeviceId(deviceId)) return refuse(reply, 400, notADevice);
      const bytes = Buffer.byteLength(JSON.stringify(request.body.payload ?? null));
      if (bytes > commandPayloadBytes) return refuse(reply, 400, tooLarge);
      const by = actorOf(request).name;
      const outcome = await desk.order({ deviceId, name }, request.body, by);
      if ("command" in outcome) {
        metrics.commands.inc({ stage: "queued" });
        log.info({ device: deviceId, name, command: outcome.command.id, by }, "command given");
      }
      return answer(reply, outcome);
    },
  );
}

function answer(reply: FastifyReply, outcome: Outcome): FastifyReply {
  switch (outcome.kind) {
    case "answered": {
      const { id, answer: said } = outcome.command;
      return reply.code(200).send({ id, state: "answered", answer: said });
    }
    case "waiting": {
      const { id, state, expiresUs } = outcome.command;
      return reply.code(202).send({ id, state, expiresUs });
    }
    case "unanswered":
      return reply.code(504).send({
        error:
          "the device has the command and has not answered in time; a late answer is in the list of its commands",
        code: "COMMAND_UNANSWERED",
        id: outcome.command.id,
      });
    case "too many":
      return refuse(reply, 429, tooMany);
    case "no broker":
      return refuse(reply.header("Retry-After", "2"), 503, noBroker);
  }
}

function mountList(scope: HttpDoor, { commands }: CommandRouteDeps): void {
  scope.get<{ Params: { id: string }; Querystring: { limit: number } }>(
    root,
    {
      config: { needs: "viewer" },
      schema: {
        params: Type.Object(ofDevice),
        querystring: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }) }),
        response: { 200: CommandsAnswer },
      },
    },
    async ({ params, query }, reply) => {
      if (!isDeviceId(params.id)) return refuse(reply, 400, notADevice);
      return { commands: await commands.ofDevice(params.id, query.limit) };
    },
  );
}

function mountCancel(scope: HttpDoor, { commands, log }: CommandRouteDeps): void {
  scope.delete<{ Params: { id: string; command: string } }>(
    `${root}/:command`,
    { config: operator, schema: { params: Type.Object({ ...ofDevice, command: Type.String() }) } },
    async (request, reply) => {
      const { id: deviceId, command: id } = request.params;
      const by = actorOf(request).name;
      const cancelled = isCommandId(id) ? await commands.cancel(deviceId, id, by) : null;
      if (cancelled === null) return refuse(reply, 404, unknown);
      if (!cancelled.isCancelled) return refuse(reply, 409, gone(cancelled.command.state));
      log.info({ device: deviceId, command: id, by }, "command cancelled");
      return reply.code(204).send();
    },
  );
}

interface Fault {
  readonly code: string;
  readonly reason: string;
}

const notADevice: Fault = {
  code: "DEVICE_ID_INVALID",
  reason: "a device id is 1 to 128 characters that fit in one level of a topic",
};
const tooLarge: Fault = {
  code: "PAYLOAD_TOO_LARGE",
  reason: `the payload of a command has at most ${commandPayloadBytes} bytes as JSON`,
};
const tooMany: Fault = {
  code: "COMMANDS_TOO_MANY",
  reason: `${waitingCommandsLimit} commands wait for this device already; cancel some, or let them expire`,
};
const noBroker: Fault = {
  code: "BROKER_DOWN",
  reason: "no broker takes commands to devices; start one, and give it DATABASE_URL",
};
const unknown: Fault = {
  code: "COMMAND_UNKNOWN",
  reason: "this device has no such command, or it was forgotten after RETENTION_COMMANDS_DAYS",
};

function gone(state: string): Fault {
  const isSent = state === "queued";
  const reason = isSent ? "it was sent, and its device may have it" : `it is ${state} already`;
  return { code: isSent ? "COMMAND_SENT" : "COMMAND_OVER", reason };
}
