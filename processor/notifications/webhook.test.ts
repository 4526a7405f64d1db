import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listProxies } from "../../platform/access/peer.ts";
import { openWebhookReceiver, type WebhookReceiver } from "../../tests/harness/receivers.ts";
import { postWebhook } from "./webhook.ts";

let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await openWebhookReceiver();
});
afterAll(() => receiver.close());

const loopback = listProxies(["127.0.0.0/8"]);
const nowMs = Date.parse("2026-11-29T12:00:00.789Z");

const post = (over: Partial<Parameters<typeof postWebhook>[0]> = {}) =>
  postWebhook({
    ...{ url: receiver.url, deliveryId: "d-1", body: '{"event":"raised","unit":"°C"}', secret: "a key" },
    ...{ nowMs, allowed: loopback, signal: AbortSignal.timeout(5000) },
    ...over,
  });

test("a message comes with its id, its time and a signature over both its time and its body", async () => {
  expect(await post()).toEqual({ status: 200, retryAfter: undefined });
  const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: "" };
  expect(body).toBe('{"event":"raised","unit":"°C"}');
  expect(headers).toMatchObject({
    ...{ "content-type": "application/json", "tidemark-delivery": "d-1", "tidemark-timestamp": "1795953600" },
  });
  const expected = createHmac("sha256", "a key").update(`1795953600.${body}`).digest("hex");
  expect(headers["tidemark-signature"]).toBe(`sha256=${expected}`);
});

test("what the manual gives receivers to check a signature with does so", async () => {
  const manual = readFileSync("docs/operations.md", "utf8");
  const example = /```js\n(.*?isFromTidemark.*?)```/s.exec(manual)?.[1] ?? "";
  const code = encodeURIComponent(`${example}\nexport { isFromTidemark };`);
  const { isFromTidemark } = await import(/* @vite-ignore */ `data:text/javascript,${code}`);
  await post({ nowMs: Date.now() });
  const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: "" };
  expect(isFromTidemark(headers, body, "a key")).toBe(true);
  expect(isFromTidemark(headers, body, "another key")).toBe(false);
  expect(isFromTidemark(headers, `${body} `, "a key")).toBe(false);
  expect(isFromTidemark({ ...headers, "tidemark-timestamp": "1795953600" }, body, "a key")).toBe(false);
  expect(isFromTidemark({}, body, "a key")).toBe(false);
  await post({ nowMs: Date.now() - 3_600_000 });
  const old = receiver.received.at(-1) ?? { headers: {}, body: "" };
  expect(isFromTidemark(old.headers, old.body, "a key")).toBe(false);
});

test("user and password in the address are sent as such", async () => {
  await post({ url: receiver.url.replace("127.0.0.1", "ada:secret@127.0.0.1") });
  expect(receiver.received.at(-1)?.headers.authorization).toBe(`Basic ${btoa("ada:secret")}`);
});

test("no redirect is followed", async () => {
  const count = receiver.received.length;
  receiver.answerWith((response) => response.writeHead(307, { location: receiver.url }).end());
  expect(await post()).toMatchObject({ status: 307 });
  expect(receiver.received).toHaveLength(count + 1);
});

test("an answer without an end is not read to the end", async () => {
  let written = 0;
  const closed = new Promise<void>((resolve) => {
    receiver.answerWith((response) => {
      response.writeHead(503, { "retry-after": "7" });
      const more = (): void => {
        written += 65_536;
        if (response.write(Buffer.alloc(65_536))) setImmediate(more);
        else response.once("drain", more);
      };
      response.on("close", resolve);
      more();
    });
  });
  expect(await post()).toEqual({ status: 503, retryAfter: "7" });
  await closed;
  expect(written).toBeLessThan(64 * 1_048_576);
});

test("an answer that stops in the middle keeps no connection open", async () => {
  const closed = new Promise<void>((resolve) => {
    receiver.answerWith((response) => {
      response.on("close", resolve);
      response.writeHead(200).write("thank y");
    });
  });
  expect(await post()).toMatchObject({ status: 200 });
  await closed;
});

test("who does not answer in time is left", async () => {
  receiver.answerWith(() => undefined);
  await expect(post({ signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort|timeout/i);
});

test("what is inside is not reached, by address or by name, unless it is allowed", async () => {
  const nothing = listProxies([]);
  const count = receiver.received.length;
  await expect(post({ allowed: nothing })).rejects.toThrow(/127.0.0.1 is not on the internet/);
  const byName = receiver.url.replace("127.0.0.1", "localhost");
  await expect(post({ allowed: nothing, url: byName })).rejects.toThrow(/localhost is not on the internet/);
  expect(receiver.received).toHaveLength(count);
  receiver.answerWith((response) => response.writeHead(204).end());
  expect(await post({ url: byName })).toMatchObject({ status: 204 });
});

test("a name that does not exist, a closed port and a server that speaks something else are failures", async () => {
  await expect(post({ url: `http://${"a".repeat(64)}.invalid/` })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  const rude = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.resume().end("SSH-2.0-OpenSSH\r\n");
  });
  rude.listen(0, "127.0.0.1");
  await once(rude, "listening");
  const address = rude.address();
  const port = typeof address === "object" ? address?.port : 0;
  await expect(post({ url: `http://127.0.0.1:${port}/` })).rejects.toThrow();
  await expect(post({ url: `https://127.0.0.1:${port}/` })).rejects.toThrow();
  await new Promise((resolve) => rude.close(resolve));
  await expect(post({ url: `http://127.0.0.1:${port}/` })).rejects.toThrow(/ECONNREFUSED/);
});
