import { type Static, Type } from "typebox";
import { formatTimestamp } from "./timestamp.ts";

/** Most bytes of a command's payload as JSON, and of an answer. */
export const commandPayloadBytes = 16_384;
export const answerBytes = 65_536;
/** Most commands of one device that wait to be delivered. */
export const waitingCommandsLimit = 100;

/** A command's name is one level of a topic, and often a name in a program. */
const name = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
const nameShape = new RegExp(name);
export const CommandName = Type.String({ pattern: name });

/** Whether a text can name a command. */
export function isCommandName(text: string): boolean {
  return nameShape.test(text);
}

/** The body of `POST /api/v1/devices/{id}/commands/{name}`. */
export const CommandOrder = Type.Object(
  {
    payload: Type.Optional(
      Type.Unknown({ description: "Any JSON, given to the device as it is; null without." }),
    ),
    timeout_seconds: Type.Number({
      minimum: 0,
      maximum: 25,
      default: 10,
      description: "How long to wait for the answer.",
    }),
    expires_seconds: Type.Integer({
      minimum: 1,
      maximum: 2_592_000,
      default: 3600,
      description: "Not delivered any more after so long.",
    }),
  },
  { additionalProperties: false },
);
export type CommandOrder = Readonly<Static<typeof CommandOrder>>;

export const commandStates = ["queued", "delivered", "answered", "expired", "cancelled"] as const;

export const CommandSummary = Type.Object({
  id: Type.String(),
  deviceId: Type.String(),
  name: Type.String(),
  payload: Type.Unknown(),
  by: Type.String({ description: "Who gave it." }),
  state: Type.Enum([...commandStates]),
  queuedUs: Type.Integer(),
  expiresUs: Type.Integer(),
  deliveredUs: Type.Union([Type.Null(), Type.Integer()]),
  answeredUs: Type.Union([Type.Null(), Type.Integer()]),
  answer: Type.Unknown({ description: "What the device published; null until it has." }),
});
/** A command and what became of it. */
export type CommandSummary = Readonly<Static<typeof CommandSummary>>;

/** `GET /api/v1/devices/{id}/commands?limit=100`, newest first. */
export const CommandsAnswer = Type.Object({ commands: Type.Array(CommandSummary) });

/** A command on its way to its device. */
export interface Command {
  readonly id: string;
  readonly deviceId: string;
  readonly name: string;
  /** JSON. */
  readonly payload: string;
  readonly expiresUs: number;
}

/** What the device gets. */
export function toCommandMessage({ id, payload, expiresUs }: Command): string {
  // The payload is JSON already.
  return `{"id":${JSON.stringify(id)},"expires":${JSON.stringify(formatTimestamp(expiresUs))},"payload":${payload}}`;
}

/** What a device says of a command. */
export interface CommandAnswer {
  readonly commandId: string;
  /** The whole message, JSON. */
  readonly text: string;
}

/** Reads an answer, or says in a sentence what is wrong with it. Never throws, whatever the bytes. */
export function readAnswer(payload: Uint8Array): CommandAnswer | string {
  if (payload.length > answerBytes) return `an answer has at most ${answerBytes} bytes`;
  let text: string;
  let said: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    said = JSON.parse(text);
  } catch {
    return 'an answer is JSON: {"id": the id of the command, ...}';
  }
  const id = typeof said === "object" && said !== null && "id" in said ? said.id : undefined;
  if (typeof id !== "string" || !isCommandId(id)) return 'an answer has the id of its command: {"id": ...}';
  return { commandId: id.toLowerCase(), text };
}

/** Whether a text can be the id of a command. */
export function isCommandId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
