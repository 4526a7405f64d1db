import { pino } from "pino";
import { Type } from "typebox";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listProxies } from "../access/peer.ts";
import { storeFailure } from "../database/database.ts";
import { LimitNotices } from "../limit-notices.ts";
import { openMetrics } from "../telemetry.ts";
import { closeHttp, type HttpDoor, openHttpDoor } from "./http-server.ts";

let door: HttpDoor;
let logged: { level: number; msg: string }[];

beforeEach(async () => {
  logged = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  door = openHttpDoor({
    log,
    config: { MAX_PACKET_BYTES: 1_000_000, MAX_HTTP_REQUESTS_PER_SECOND: 0, MAX_HTTP_CONNECTIONS: 0 },
    proxies: listProxies([]),
    notices: new LimitNotices({ log, metrics: openMetrics() }),
  });
  const schema = { params: Type.Object({ id: Type.Integer({ minimum: 1 }) }) };
  const querystring = Type.Object({ q: Type.Optional(Type.String()), above: Type.Optional(Type.Number()) });
  const body = Type.Object({ to: Type.Optional(Type.Unknown()) });
  door.get("/rules/:id", { schema }, async ({ params }) => params);
  door.get("/rules", { schema: { querystring } }, async ({ query }) => query);
  door.post("/rules", { schema: { body } }, async ({ body }) => body);
  door.post("/commands", { config: { passesTextOn: true }, schema: { body } }, async ({ body }) => body);
  door.post("/data", async ({ body }) => body);
  door.get("/stored/:state", async ({ params }) => {
    // The route has no schema; its one parameter is a text.
    const { state } = params as { state: string };
    throw storeFailure("list the rules", Object.assign(new Error("no such thing"), { code: state }));
  });
});
afterEach(() => closeHttp(door));

const get = async (url: string) => {
  const { statusCode, body } = await door.inject({ url });
  return [statusCode, JSON.parse(body)];
};
const post = async (url: string, payload: string) => {
  const headers = { "content-type": "application/json" };
  const { statusCode, body } = await door.inject({ method: "POST", url, headers, payload });
  return [statusCode, JSON.parse(body)];
};
const refused = (reason: RegExp) => [400, { error: expect.stringMatching(reason), code: "QUERY_INVALID" }];

test("a number that is infinite is refused, wherever it is", async () => {
  expect(await get("/rules/1e400")).toEqual(
    refused(/^params\/id must be a finite number; beyond 1.79\S+ there/),
  );
  expect(await get("/rules?above=-1e999")).toEqual(refused(/^querystring\/above must be a finite number/));
  expect(await post("/rules", '{"to":{"a":[1,1e400]}}')).toEqual(refused(/^body\/to\/a\/1 must be a finite/));
  expect(await post("/commands", '{"to":1e400}')).toEqual(refused(/^body\/to must be a finite number/));
  expect(await get("/rules?above=1e300")).toEqual([200, { above: 1e300 }]);
});

test("NUL and half a character are refused, in names as in texts", async () => {
  expect(await get("/rules?q=a%00b")).toEqual(
    refused(/^querystring\/q must be text without NUL; leave character 2/),
  );
  const to = (text: string) => post("/rules", `{"to":["ada",${text}]}`);
  expect(await to('"a\\u0000"')).toEqual(refused(/^body\/to\/1 must be text without NUL; leave character 2/));
  expect(await to('"\\ud800x"')).toEqual(refused(/^body\/to\/1 must be well-formed Unicode; character 1 is/));
  expect(await to('{"\\udc00":1}')).toEqual(refused(/^a name in body\/to\/1 must be well-formed Unicode/));
  expect(await to('"\\ud83d\\ude00"')).toEqual([200, { to: ["ada", "😀"] }]);
});

test("a body as deep as it is long is looked at to its end", async () => {
  const depth = 100_000;
  const deep = `{"to":${"[".repeat(depth)}"\\u0000"${"]".repeat(depth)}}`;
  expect(await post("/rules", deep)).toEqual(refused(/must be text without NUL/));
});

test("what is passed on as JSON has any text, and what no schema describes is not looked at", async () => {
  const text = '{"to":"\\u0000\\ud800"}';
  expect(await post("/commands", text)).toEqual([200, { to: "\0\ud800" }]);
  expect(await post("/data", text)).toEqual([200, { to: "\0\ud800" }]);
});

test.each([
  ["22P02", 400, "QUERY_INVALID"],
  ["22P05", 400, "QUERY_INVALID"],
  ["22021", 400, "QUERY_INVALID"],
  ["22003", 400, "QUERY_INVALID"],
  ["22012", 500, "STORE_REFUSED"],
  ["08006", 503, "STORE_DOWN"],
])("what the database answers %s to is %i %s", async (state, status, code) => {
  expect(await get(`/stored/${state}`)).toMatchObject([status, { code }]);
  expect(logged.map(({ level }) => level)).toEqual([status === 400 ? 40 : 50]);
});

test("an address that is none has a code and says what it was", async () => {
  // As what serves files answers an address that can be no path of a file.
  door.get("/*", () => Promise.reject(Object.assign(new Error("Bad Request"), { statusCode: 400 })));
  expect(await get("/%00?token=secret")).toEqual([
    400,
    { error: "GET /%00 cannot be answered: Bad Request; ask for another address", code: "REQUEST_INVALID" },
  ]);
  expect(await get("/%")).toEqual([
    400,
    {
      error: "GET /% cannot be answered: '/%' is not a valid url component; ask for another address",
      code: "FST_ERR_BAD_URL",
    },
  ]);
});
