import { pino } from "pino";
import { Type } from "typebox";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listProxies } from "../access/peer.ts";
import { LimitNotices } from "../limit-notices.ts";
import { openMetrics } from "../telemetry.ts";
import { closeHttp, type HttpDoor, openHttpDoor } from "./http-server.ts";

let door: HttpDoor;

beforeEach(() => {
  const log = pino({ level: "silent" });
  door = openHttpDoor({
    log,
    config: { MAX_PACKET_BYTES: 10_000, MAX_HTTP_REQUESTS_PER_SECOND: 0, MAX_HTTP_CONNECTIONS: 0 },
    proxies: listProxies([]),
    notices: new LimitNotices({ log, metrics: openMetrics() }),
  });
  const body = Type.Object(
    { isDisabled: Type.Optional(Type.Boolean()), days: Type.Integer({ default: 90 }) },
    { additionalProperties: false },
  );
  const querystring = Type.Object({ limit: Type.Integer(), device: Type.Array(Type.String()) });
  door.patch("/operators", { schema: { body } }, async ({ body }) => body);
  door.get("/devices", { schema: { querystring } }, async ({ query }) => query);
});
afterEach(() => closeHttp(door));

async function change(payload: object): Promise<unknown> {
  const { statusCode, body } = await door.inject({ method: "PATCH", url: "/operators", payload });
  return [statusCode, JSON.parse(body)];
}

const refused = (error: string) => [400, { error, code: "QUERY_INVALID" }];

test("a body with a name that is not known is refused, and the name is said", async () => {
  expect(await change({ disabled: true })).toEqual(
    refused('body must NOT have additional properties: "disabled"'),
  );
});

test.each([
  [{ isDisabled: null }, "body/isDisabled must be boolean"],
  [{ isDisabled: "" }, "body/isDisabled must be boolean"],
  [{ isDisabled: 0 }, "body/isDisabled must be boolean"],
  [{ days: null }, "body/days must be integer"],
  [{ days: "7" }, "body/days must be integer"],
])("a value of another kind is no value: %j", async (body, error) => {
  expect(await change(body)).toEqual(refused(error));
});

test("what a body leaves out is as usual, and an address has texts for numbers and lists", async () => {
  expect(await change({ isDisabled: true })).toEqual([200, { isDisabled: true, days: 90 }]);
  const { body } = await door.inject({ url: "/devices?limit=5&device=a&more=1" });
  expect(JSON.parse(body)).toMatchObject({ limit: 5, device: ["a"] });
});
