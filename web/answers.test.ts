import { Readable } from "node:stream";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { fastify } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodingFor, isKnown, tendAnswers } from "./answers.ts";

const long = "a reading is a reading ".repeat(200);
const door = fastify();

beforeAll(async () => {
  tendAnswers(door, ["/api/"]);
  door.get("/api/long", () => ({ long }));
  door.get("/api/short", () => ({ short: 1 }));
  door.get("/api/none", (_request, reply) => reply.code(404).send({ long }));
  door.post("/api/long", () => ({ long }));
  door.get("/elsewhere", () => ({ long }));
  door.get("/api/file", (_request, reply) =>
    reply.type("text/csv; charset=utf-8").send(Readable.from([long, long])),
  );
  door.get("/api/packed", (_request, reply) =>
    reply.type("application/vnd.apache.parquet").send(Readable.from([Buffer.from(long)])),
  );
  await door.ready();
});
afterAll(() => door.close());

const get = (url: string, headers: Record<string, string> = {}) => door.inject({ url, headers });

describe("an answer of the API", () => {
  test("has a tag of its own, and is not sent again to who has it", async () => {
    const { headers } = await get("/api/long");
    const tag = String(headers["etag"]);
    expect(tag).toMatch(/^W\/"[\w-]{27}"$/);
    expect((await get("/api/short")).headers["etag"]).not.toBe(tag);
    const again = await get("/api/long", { "if-none-match": tag });
    expect([again.statusCode, again.body, again.headers["etag"]]).toEqual([304, "", tag]);
    expect((await get("/api/long", { "if-none-match": 'W/"other"' })).statusCode).toBe(200);
  });

  test("is compressed as the client takes it, and has the same tag", async () => {
    const plain = await get("/api/long");
    const brotli = await get("/api/long", { "accept-encoding": "gzip, deflate, br" });
    const gzipped = await get("/api/long", { "accept-encoding": "gzip" });
    expect(brotliDecompressSync(brotli.rawPayload).toString()).toBe(plain.body);
    expect(gunzipSync(gzipped.rawPayload).toString()).toBe(plain.body);
    for (const { headers, rawPayload } of [brotli, gzipped]) {
      expect(headers["etag"]).toBe(plain.headers["etag"]);
      expect(headers["vary"]).toContain("Accept-Encoding");
      expect(rawPayload.length).toBeLessThan(plain.rawPayload.length / 10);
      expect(headers["content-length"] ?? String(rawPayload.length)).toBe(String(rawPayload.length));
    }
    expect(
      (await get("/api/short", { "accept-encoding": "br" })).headers["content-encoding"],
    ).toBeUndefined();
  });

  test("that is a file is compressed on its way, unless it is packed already", async () => {
    const file = await get("/api/file", { "accept-encoding": "br, gzip" });
    expect(file.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(file.rawPayload).toString()).toBe(long + long);
    const packed = await get("/api/packed", { "accept-encoding": "gzip" });
    expect([packed.headers["content-encoding"], packed.body]).toEqual([undefined, long]);
  });

  test("that is a refusal, a change, or none of the API is left as it is", async () => {
    const accepting = { "accept-encoding": "br" };
    for (const answer of [
      await get("/api/none", accepting),
      await get("/elsewhere", accepting),
      await door.inject({ method: "POST", url: "/api/long", headers: accepting }),
    ]) {
      expect([answer.headers["etag"], answer.headers["content-encoding"]]).toEqual([undefined, undefined]);
    }
  });
});

test.each([
  ["gzip, deflate, br", "br"],
  ["gzip", "gzip"],
  ["br;q=0, gzip;q=0.5", "gzip"],
  ["*", "br"],
  ["identity", undefined],
  ["gzip;q=0", undefined],
  ["", undefined],
  ["identity, gzip;q=0.5", undefined],
])("who accepts %j gets %s", (header, encoding) => {
  expect(encodingFor(header)).toBe(encoding);
});

test.each([
  ['W/"a"', true],
  ['"a"', true],
  ['"b", W/"a"', true],
  ["*", true],
  ['"b"', false],
  [undefined, false],
])("who has %s knows it: %s", (header, known) => {
  expect(isKnown('W/"a"', header)).toBe(known);
});
